import type { BindingInfo, ExchangeInfo } from '@hufu/broker/amqp'
import type { Call, Verb } from '../verb.ts'
import { adminVerb, OF_VHOST_LINE, textOf, VHOST, VHOST_LINE, vhostOf } from './admin-verb.ts'
import { ARGUMENTS, argumentsIn } from './json-argument.ts'
import { textTable } from './text-table.ts'

const TO_EXCHANGE = { 'to-exchange': { type: 'boolean' } } as const

const list = adminVerb<{ exchanges: ExchangeInfo[] }>({
  name: 'exchanges list',
  args: [],
  about: 'Lists the exchanges',
  more: ['Example: hufu exchanges list', OF_VHOST_LINE],
  options: VHOST,
  operation: 'exchanges.list',
  input: (call) => ({ vhost: textOf(call, 'vhost') }),
  show: ({ exchanges }) =>
    textTable(
      ['vhost', 'exchange', 'type', 'durable', 'auto-delete', 'internal', 'arguments'],
      exchanges.map((each) => [
        ...[each.vhost, each.name || '(default)', each.type, each.durable, each.autoDelete],
        ...[each.internal, JSON.stringify(each.arguments)],
      ]),
    ),
})

const add = adminVerb<{ name: string }>({
  name: 'exchanges add',
  args: ['EXCHANGE', 'TYPE'],
  about: 'Makes a durable exchange; no effect where it is there and the same',
  more: [
    'Example: hufu exchanges add shop topic',
    'TYPE: direct, fanout, topic, headers or x-delayed-message.',
    "--arguments      a JSON object with RabbitMQ's names",
    '--auto-delete    it goes with its last binding',
    '--internal       clients may not publish to it',
    VHOST_LINE,
  ],
  options: {
    ...{ ...ARGUMENTS, 'auto-delete': { type: 'boolean' } },
    ...{ internal: { type: 'boolean' }, ...VHOST },
  },
  operation: 'exchanges.add',
  input: (call) => {
    const [exchange, type] = call.args
    const { internal, 'auto-delete': autoDelete } = call.options
    const flags = { internal: internal === true, autoDelete: autoDelete === true }
    return { vhost: vhostOf(call), exchange, type, ...flags, arguments: argumentsIn(call) }
  },
  show: ({ name }) => `Exchange ${name} is there`,
})

const remove = adminVerb<{ exchange: string }>({
  name: 'exchanges delete',
  args: ['EXCHANGE'],
  about: 'Deletes an exchange and its bindings',
  more: ['Example: hufu exchanges delete old --yes', VHOST_LINE],
  options: VHOST,
  destructive: true,
  operation: 'exchanges.delete',
  input: (call) => ({ vhost: vhostOf(call), exchange: call.args[0] }),
  show: ({ exchange }) => `Exchange ${exchange} is deleted`,
})

const bindings = adminVerb<{ bindings: BindingInfo[] }>({
  name: 'bindings list',
  args: [],
  about: 'Lists the bindings, but for those of the default exchange',
  more: ['Example: hufu bindings list', OF_VHOST_LINE],
  options: VHOST,
  operation: 'bindings.list',
  input: (call) => ({ vhost: textOf(call, 'vhost') }),
  show: ({ bindings: all }) =>
    textTable(
      ['vhost', 'exchange', 'to', 'destination', 'key', 'arguments'],
      all.map(({ vhost, source, destination, key, arguments: args }) => {
        return [vhost, source, destination.kind, destination.name, key, JSON.stringify(args)]
      }),
    ),
})

const bind = adminVerb<{ source: string; destination: { name: string } }>({
  name: 'bindings add',
  args: ['EXCHANGE', 'DESTINATION', 'KEY'],
  about: 'Binds a queue to an exchange with a key',
  more: [
    "Example: hufu bindings add amq.topic orders 'order.#'",
    '--to-exchange    the destination is an exchange',
    '--arguments      a JSON object, for a headers exchange',
    VHOST_LINE,
  ],
  options: { ...TO_EXCHANGE, ...ARGUMENTS, ...VHOST },
  operation: 'bindings.add',
  input: (call) => ({ ...bindingIn(call), arguments: argumentsIn(call) }),
  show: ({ source, destination }) => `${destination.name} is bound to ${source}`,
})

const unbind = adminVerb<{ removed: number }>({
  name: 'bindings remove',
  args: ['EXCHANGE', 'DESTINATION', 'KEY'],
  about: 'Removes what binds a queue to an exchange with a key, whatever its arguments',
  more: [
    "Example: hufu bindings remove amq.topic orders 'order.#'",
    '--to-exchange    the destination is an exchange',
    VHOST_LINE,
  ],
  options: { ...TO_EXCHANGE, ...VHOST },
  operation: 'bindings.remove',
  input: bindingIn,
  show: ({ removed }) => `${removed} bindings are removed`,
})

function bindingIn(call: Call): object {
  const [exchange, destination, key] = call.args
  const kind = call.options['to-exchange'] === true ? 'exchange' : 'queue'
  return { vhost: vhostOf(call), exchange, destination, key, kind }
}

export const EXCHANGES: readonly Verb[] = [list, add, remove, bindings, bind, unbind]
