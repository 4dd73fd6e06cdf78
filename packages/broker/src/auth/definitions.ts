import { Place } from './definition-place.ts'
import type { DefinedUser } from './definition-users.ts'
import {
  readName,
  readPattern,
  readPermission,
  readTopicPermission,
  readUser,
  readVhost,
  readVhostLimits,
} from './definition-users.ts'
import type { PasswordHash } from './password-hash.ts'
import type { Permission, RecordChange, TopicPermission, VirtualHost } from './records.ts'
import { permissionRecord, topicPermissionRecord, userRecord, vhostRecord } from './records.ts'

type Table = Readonly<Record<string, unknown>>

export interface DefinedPolicy {
  readonly vhost: string
  readonly operator: boolean
  readonly name: string
  readonly pattern: string
  readonly applyTo: 'all' | 'exchanges' | 'queues' | 'classic_queues' | 'quorum_queues' | 'streams'
  readonly priority: number
  readonly definition: Table
}

export interface DefinedExchange {
  readonly vhost: string
  readonly name: string
  readonly type: string
  readonly durable: boolean
  readonly autoDelete: boolean
  readonly internal: boolean
  readonly arguments: Table
}

export interface DefinedQueue {
  readonly vhost: string
  readonly name: string
  readonly durable: boolean
  readonly autoDelete: boolean
  readonly arguments: Table
}

export interface DefinedBinding {
  readonly vhost: string
  readonly source: string
  readonly destination: { readonly kind: 'queue' | 'exchange'; readonly name: string }
  readonly key: string
  readonly arguments: Table
}

/** What a definitions file of RabbitMQ holds. Arguments are as in the file, without types. */
export interface Definitions {
  readonly users: readonly DefinedUser[]
  readonly vhosts: readonly VirtualHost[]
  readonly permissions: readonly Permission[]
  readonly topicPermissions: readonly TopicPermission[]
  readonly policies: readonly DefinedPolicy[]
  readonly exchanges: readonly DefinedExchange[]
  readonly queues: readonly DefinedQueue[]
  readonly bindings: readonly DefinedBinding[]
  /** What has no effect here: its place and why, for a log. */
  readonly ignored: readonly string[]
}

/**
 * Reads a definitions file as RabbitMQ exports it, whole or of one virtual host (`vhost` says which
 * one it is for; it is the one of all entries that name none).
 * @throws AuthError `argument`, with the place in the file
 */
export function readDefinitions(text: string, { vhost }: { vhost?: string } = {}): Definitions {
  const file = parse(text)
  const all = <T>(name: string, read: (entry: Place) => T) => file.at(name).list().map(read)
  const vhostOf = (entry: Place) => entry.at('vhost').text(vhost)
  const parameters = file.at('parameters').list()
  const operators = parameters.filter((each) => isOf(each, 'operator_policy'))
  const limits = parameters.filter((each) => isOf(each, 'vhost-limits'))
  const others = parameters.filter((each) => !operators.includes(each) && !limits.includes(each))
  return {
    users: all('users', readUser),
    vhosts: withLimits(all('vhosts', readVhost), limits, vhostOf),
    permissions: all('permissions', readPermission),
    topicPermissions: all('topic_permissions', readTopicPermission),
    policies: [
      ...all('policies', (each) => readPolicy(each, each, vhostOf(each), false)),
      ...operators.map((each) => readPolicy(each, each.at('value'), vhostOf(each), true)),
    ],
    exchanges: all('exchanges', (each) => readExchange(each, vhostOf(each))),
    queues: all('queues', (each) => readQueue(each, vhostOf(each))),
    bindings: all('bindings', (each) => readBinding(each, vhostOf(each))),
    ignored: others.map((each) => {
      return `${each.path}: the component '${each.at('component').text()}' has no effect`
    }),
  }
}

/** The records of the file's users, virtual hosts and permissions. */
export async function definedRecords(
  definitions: Pick<Definitions, 'users' | 'vhosts' | 'permissions' | 'topicPermissions'>,
  hash: (password: string) => Promise<PasswordHash>,
): Promise<RecordChange[]> {
  const users = definitions.users.map(async ({ plainPassword, ...user }) => {
    if (plainPassword === undefined) return userRecord(user)
    return userRecord({ ...user, password: await hash(plainPassword) })
  })
  return [
    ...definitions.vhosts.map(vhostRecord),
    ...(await Promise.all(users)),
    ...definitions.permissions.map(permissionRecord),
    ...definitions.topicPermissions.map(topicPermissionRecord),
  ]
}

function parse(text: string): Place {
  try {
    return new Place('', JSON.parse(text.replace(/^\uFEFF/, '')))
  } catch (error) {
    throw new Place('', text).wrong(`it is not JSON: ${(error as Error).message}`)
  }
}

function isOf(parameter: Place, component: string): boolean {
  return parameter.at('component').text() === component
}

function withLimits(
  vhosts: readonly VirtualHost[],
  limits: readonly Place[],
  vhostOf: (entry: Place) => string,
): VirtualHost[] {
  return vhosts.map((vhost) => {
    const own = limits.filter((each) => vhostOf(each) === vhost.name).map(readVhostLimits)
    return Object.assign({}, vhost, ...own)
  })
}

const APPLY_TO = [
  'all',
  'exchanges',
  'queues',
  'classic_queues',
  'quorum_queues',
  'streams',
] as const

/** An operator's policy has its name outside, the rest in its value. */
function readPolicy(entry: Place, value: Place, vhost: string, operator: boolean): DefinedPolicy {
  return {
    vhost,
    operator,
    name: readName(entry.at('name'), 'policy'),
    pattern: readPattern(value.at('pattern')),
    applyTo: value.at('apply-to').oneOf(APPLY_TO, 'all'),
    priority: value.at('priority').integer(0),
    definition: value.at('definition').fields(),
  }
}

/** Empty = the default exchange, which some servers write too. */
function readExchangeName(name: Place): string {
  return name.value === '' ? '' : readName(name, 'exchange')
}

function readExchange(exchange: Place, vhost: string): DefinedExchange {
  return {
    vhost,
    name: readExchangeName(exchange.at('name')),
    type: exchange.at('type').text(),
    durable: exchange.at('durable').flag(true),
    autoDelete: exchange.at('auto_delete').flag(false),
    internal: exchange.at('internal').flag(false),
    arguments: exchange.at('arguments').fieldsOrNone(),
  }
}

function readQueue(queue: Place, vhost: string): DefinedQueue {
  return {
    vhost,
    name: readName(queue.at('name'), 'queue'),
    durable: queue.at('durable').flag(true),
    autoDelete: queue.at('auto_delete').flag(false),
    arguments: queue.at('arguments').fieldsOrNone(),
  }
}

function readBinding(binding: Place, vhost: string): DefinedBinding {
  const kind = binding.at('destination_type').oneOf(['queue', 'exchange'])
  return {
    vhost,
    source: readExchangeName(binding.at('source')),
    destination: { kind, name: readName(binding.at('destination'), kind) },
    key: binding.at('routing_key').text(''),
    arguments: binding.at('arguments').fieldsOrNone(),
  }
}
