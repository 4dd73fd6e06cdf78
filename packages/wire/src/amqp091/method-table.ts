/**
 * How an argument is written. `reserved-…` ones are written as zero or empty, are not looked at,
 * and do not show; `longtext` is a long string that is text by its meaning.
 */
export type ArgumentType =
  | 'octet'
  | 'short'
  | 'long'
  | 'longlong'
  | 'bit'
  | 'shortstr'
  | 'longstr'
  | 'longtext'
  | 'table'
  | 'reserved-short'
  | 'reserved-bit'
  | 'reserved-shortstr'
  | 'reserved-longstr'

export type Arguments = Readonly<Record<string, ArgumentType>>

const close = {
  replyCode: 'short',
  replyText: 'shortstr',
  classId: 'short',
  methodId: 'short',
} as const

const tune = { channelMax: 'short', frameMax: 'long', heartbeat: 'short' } as const

/** `connection.…`, class 10. */
const connection = {
  start: [
    10,
    {
      versionMajor: 'octet',
      versionMinor: 'octet',
      serverProperties: 'table',
      mechanisms: 'longtext',
      locales: 'longtext',
    },
  ],
  'start-ok': [
    11,
    { clientProperties: 'table', mechanism: 'shortstr', response: 'longstr', locale: 'shortstr' },
  ],
  secure: [20, { challenge: 'longstr' }],
  'secure-ok': [21, { response: 'longstr' }],
  tune: [30, tune],
  'tune-ok': [31, tune],
  open: [
    40,
    { virtualHost: 'shortstr', capabilities: 'reserved-shortstr', insist: 'reserved-bit' },
  ],
  'open-ok': [41, { knownHosts: 'reserved-shortstr' }],
  close: [50, close],
  'close-ok': [51, {}],
  blocked: [60, { reason: 'shortstr' }],
  unblocked: [61, {}],
  'update-secret': [70, { newSecret: 'longstr', reason: 'shortstr' }],
  'update-secret-ok': [71, {}],
} as const

/** `channel.…`, class 20. */
const channel = {
  open: [10, { outOfBand: 'reserved-shortstr' }],
  'open-ok': [11, { channelId: 'reserved-longstr' }],
  flow: [20, { active: 'bit' }],
  'flow-ok': [21, { active: 'bit' }],
  close: [40, close],
  'close-ok': [41, {}],
} as const

/** `access.…`, class 30. */
const access = {
  request: [
    10,
    {
      realm: 'shortstr',
      exclusive: 'bit',
      passive: 'bit',
      active: 'bit',
      write: 'bit',
      read: 'bit',
    },
  ],
  'request-ok': [11, { ticket: 'short' }],
} as const

const betweenExchanges = {
  ticket: 'reserved-short',
  destination: 'shortstr',
  source: 'shortstr',
  routingKey: 'shortstr',
  noWait: 'bit',
  arguments: 'table',
} as const

/** `exchange.…`, class 40. */
const exchange = {
  declare: [
    10,
    {
      ticket: 'reserved-short',
      exchange: 'shortstr',
      type: 'shortstr',
      passive: 'bit',
      durable: 'bit',
      autoDelete: 'bit',
      internal: 'bit',
      noWait: 'bit',
      arguments: 'table',
    },
  ],
  'declare-ok': [11, {}],
  delete: [20, { ticket: 'reserved-short', exchange: 'shortstr', ifUnused: 'bit', noWait: 'bit' }],
  'delete-ok': [21, {}],
  bind: [30, betweenExchanges],
  'bind-ok': [31, {}],
  unbind: [40, betweenExchanges],
  'unbind-ok': [51, {}],
} as const

/** `queue.…`, class 50. */
const queue = {
  declare: [
    10,
    {
      ticket: 'reserved-short',
      queue: 'shortstr',
      passive: 'bit',
      durable: 'bit',
      exclusive: 'bit',
      autoDelete: 'bit',
      noWait: 'bit',
      arguments: 'table',
    },
  ],
  'declare-ok': [11, { queue: 'shortstr', messageCount: 'long', consumerCount: 'long' }],
  bind: [
    20,
    {
      ticket: 'reserved-short',
      queue: 'shortstr',
      exchange: 'shortstr',
      routingKey: 'shortstr',
      noWait: 'bit',
      arguments: 'table',
    },
  ],
  'bind-ok': [21, {}],
  purge: [30, { ticket: 'reserved-short', queue: 'shortstr', noWait: 'bit' }],
  'purge-ok': [31, { messageCount: 'long' }],
  delete: [
    40,
    {
      ticket: 'reserved-short',
      queue: 'shortstr',
      ifUnused: 'bit',
      ifEmpty: 'bit',
      noWait: 'bit',
    },
  ],
  'delete-ok': [41, { messageCount: 'long' }],
  unbind: [
    50,
    {
      ticket: 'reserved-short',
      queue: 'shortstr',
      exchange: 'shortstr',
      routingKey: 'shortstr',
      arguments: 'table',
    },
  ],
  'unbind-ok': [51, {}],
} as const

/** `basic.…`, class 60. */
const basic = {
  qos: [10, { prefetchSize: 'long', prefetchCount: 'short', global: 'bit' }],
  'qos-ok': [11, {}],
  consume: [
    20,
    {
      ticket: 'reserved-short',
      queue: 'shortstr',
      consumerTag: 'shortstr',
      noLocal: 'bit',
      noAck: 'bit',
      exclusive: 'bit',
      noWait: 'bit',
      arguments: 'table',
    },
  ],
  'consume-ok': [21, { consumerTag: 'shortstr' }],
  cancel: [30, { consumerTag: 'shortstr', noWait: 'bit' }],
  'cancel-ok': [31, { consumerTag: 'shortstr' }],
  publish: [
    40,
    {
      ticket: 'reserved-short',
      exchange: 'shortstr',
      routingKey: 'shortstr',
      mandatory: 'bit',
      immediate: 'bit',
    },
  ],
  return: [
    50,
    { replyCode: 'short', replyText: 'shortstr', exchange: 'shortstr', routingKey: 'shortstr' },
  ],
  deliver: [
    60,
    {
      consumerTag: 'shortstr',
      deliveryTag: 'longlong',
      redelivered: 'bit',
      exchange: 'shortstr',
      routingKey: 'shortstr',
    },
  ],
  get: [70, { ticket: 'reserved-short', queue: 'shortstr', noAck: 'bit' }],
  'get-ok': [
    71,
    {
      deliveryTag: 'longlong',
      redelivered: 'bit',
      exchange: 'shortstr',
      routingKey: 'shortstr',
      messageCount: 'long',
    },
  ],
  'get-empty': [72, { clusterId: 'reserved-shortstr' }],
  ack: [80, { deliveryTag: 'longlong', multiple: 'bit' }],
  reject: [90, { deliveryTag: 'longlong', requeue: 'bit' }],
  'recover-async': [100, { requeue: 'bit' }],
  recover: [110, { requeue: 'bit' }],
  'recover-ok': [111, {}],
  nack: [120, { deliveryTag: 'longlong', multiple: 'bit', requeue: 'bit' }],
} as const

/** `confirm.…`, class 85. */
const confirm = {
  select: [10, { noWait: 'bit' }],
  'select-ok': [11, {}],
} as const

/** `tx.…`, class 90. */
const tx = {
  select: [10, {}],
  'select-ok': [11, {}],
  commit: [20, {}],
  'commit-ok': [21, {}],
  rollback: [30, {}],
  'rollback-ok': [31, {}],
} as const

/** The methods of AMQP 0-9-1 with RabbitMQ's extensions; arguments in the order of the wire. */
export const CLASSES = { connection, channel, access, exchange, queue, basic, confirm, tx } as const

export const CLASS_IDS = {
  connection: 10,
  channel: 20,
  access: 30,
  exchange: 40,
  queue: 50,
  basic: 60,
  confirm: 85,
  tx: 90,
} as const

/** After these a content follows: a header frame and the body. */
export const CONTENT_METHODS = [
  'basic.publish',
  'basic.return',
  'basic.deliver',
  'basic.get-ok',
] as const
