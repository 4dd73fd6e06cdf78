import type { Definitions } from './definitions.ts'
import type { PasswordHash } from './password-hash.ts'
import type { User, VirtualHost } from './records.ts'

/** What is written: all that can be read, but for passwords in clear. */
export type Exported = Omit<Definitions, 'ignored' | 'users'> & { readonly users: readonly User[] }

/** Who says so. */
export interface Exporter {
  readonly product: string
  /** As clients are told it: some tools look at it. */
  readonly version: string
  /**
   * For RabbitMQ, which does not know Hufu's own hashes: users with one get none, hence no password
   * lets them in before somebody sets one. Default false.
   */
  readonly forRabbit?: boolean
}

const ALGORITHMS: Readonly<Record<PasswordHash['algorithm'], string>> = {
  sha256: 'rabbit_password_hashing_sha256',
  sha512: 'rabbit_password_hashing_sha512',
  scrypt: 'hufu_password_hashing_scrypt',
}

/**
 * The definitions as RabbitMQ exports them, of the whole server: what `readDefinitions` reads. Has
 * the same order for the same definitions.
 */
export function writeDefinitions(exported: Exported, exporter: Exporter): object {
  const { product, version, forRabbit = false } = exporter
  return {
    rabbit_version: version,
    rabbitmq_version: version,
    product_name: product,
    product_version: version,
    rabbitmq_definition_format: 'cluster',
    users: inOrder(exported.users, ({ name }) => [name]).map((user) => userOf(user, forRabbit)),
    vhosts: inOrder(exported.vhosts, ({ name }) => [name]).map(vhostOf),
    permissions: inOrder(exported.permissions, ({ vhost, user }) => [vhost, user]).map(
      ({ user, vhost, configure, write, read }) => ({ user, vhost, configure, write, read }),
    ),
    topic_permissions: inOrder(exported.topicPermissions, (each) => [
      ...[each.vhost, each.user, each.exchange],
    ]).map(({ user, vhost, exchange, write, read }) => ({ user, vhost, exchange, write, read })),
    parameters: [...limitsOf(exported), ...operatorPoliciesOf(exported)],
    global_parameters: [],
    policies: policiesOf(exported, false).map(({ vhost, name, value }) => {
      return { vhost, name, ...value }
    }),
    queues: inOrder(exported.queues, ({ vhost, name }) => [vhost, name]).map((queue) => {
      const { name, vhost, durable, autoDelete, arguments: given } = queue
      return { name, vhost, durable, auto_delete: autoDelete, arguments: given }
    }),
    exchanges: inOrder(exported.exchanges, ({ vhost, name }) => [vhost, name]).map((exchange) => {
      const { name, vhost, type, durable, autoDelete, internal, arguments: given } = exchange
      return { name, vhost, type, durable, auto_delete: autoDelete, internal, arguments: given }
    }),
    bindings: bindingsOf(exported),
  }
}

function userOf({ name, tags, password, ...limits }: User, forRabbit: boolean): object {
  const known = password !== undefined && !(forRabbit && password.algorithm === 'scrypt')
  const { connectionsMax, channelsMax } = limits
  return {
    name,
    password_hash: known ? password.hash : '',
    hashing_algorithm: ALGORITHMS[known ? password.algorithm : 'sha256'],
    tags,
    limits: given({ 'max-connections': connectionsMax, 'max-channels': channelsMax }),
  }
}

function vhostOf({ name, description = '', tags = [], defaultQueueType }: VirtualHost): object {
  const type = given({ default_queue_type: defaultQueueType })
  return { name, description, tags, ...type, metadata: { description, tags, ...type } }
}

function limitsOf({ vhosts }: Exported): object[] {
  const all = inOrder(vhosts, ({ name }) => [name]).map(({ name, connectionsMax, queuesMax }) => {
    const value = given({ 'max-connections': connectionsMax, 'max-queues': queuesMax })
    return { component: 'vhost-limits', name: 'limits', vhost: name, value }
  })
  return all.filter(({ value }) => Object.keys(value).length > 0)
}

function operatorPoliciesOf(exported: Exported): object[] {
  return policiesOf(exported, true).map((policy) => ({ component: 'operator_policy', ...policy }))
}

function policiesOf({ policies }: Exported, operator: boolean) {
  const mine = policies.filter((policy) => policy.operator === operator)
  return inOrder(mine, ({ vhost, name }) => [vhost, name]).map((policy) => {
    const { vhost, name, pattern, applyTo, priority, definition } = policy
    return { vhost, name, value: { pattern, 'apply-to': applyTo, definition, priority } }
  })
}

function bindingsOf({ bindings }: Exported): object[] {
  const keyOf = ({ vhost, source, destination, key, arguments: args }: (typeof bindings)[0]) => {
    return [vhost, source, destination.kind, destination.name, key, JSON.stringify(args)]
  }
  return inOrder(bindings, keyOf).map((binding) => ({
    source: binding.source,
    vhost: binding.vhost,
    destination: binding.destination.name,
    destination_type: binding.destination.kind,
    routing_key: binding.key,
    arguments: binding.arguments,
  }))
}

/** Without what is undefined. */
function given(fields: Readonly<Record<string, unknown>>): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}

function inOrder<T>(all: readonly T[], keyOf: (each: T) => readonly string[]): T[] {
  const keyed = all.map((each) => ({ each, key: keyOf(each).join('\n') }))
  keyed.sort((a, b) => (a.key < b.key ? -1 : Number(a.key > b.key)))
  return keyed.map(({ each }) => each)
}
