import {
  type DefinedBinding,
  type DefinedExchange,
  type DefinedPolicy,
  type DefinedQueue,
  definedRecords,
  readDefinitions,
} from '../../auth/definitions.ts'
import { argumentsOf } from './administration/json-value.ts'
import type { Gate } from './gate.ts'
import type { VirtualHost } from './virtual-host.ts'

/** How many of each were in the file. */
export type Imported = Readonly<Record<string, number>>

/** What the door gives for an import. */
export interface ImportInto {
  readonly gate: Gate
  /** The virtual host of that name, open; there is one. */
  vhost(name: string): Promise<VirtualHost>
  warn(text: string): void
}

/**
 * Takes over a definitions file of RabbitMQ. What is there already, and the same, stays; what is
 * there and different is refused, and the rest of the file then not looked at.
 */
export async function importDefinitions(json: string, into: ImportInto): Promise<Imported> {
  const found = readDefinitions(json)
  const { gate } = into
  const changes = await definedRecords(found, (password) => gate.passwords.hash(password))
  await gate.change(changes)
  for (const { name } of found.vhosts) await into.vhost(name)
  for (const policy of found.policies) await addPolicy(into, policy)
  for (const exchange of found.exchanges) await addExchange(into, exchange)
  for (const queue of found.queues) await addQueue(into, queue)
  for (const binding of found.bindings) await addBinding(into, binding)
  for (const text of found.ignored) into.warn(text)
  const { users, vhosts, permissions, policies, exchanges, queues, bindings } = found
  return {
    ...{ users: users.length, vhosts: vhosts.length, permissions: permissions.length },
    policies: policies.length,
    ...{ exchanges: exchanges.length, queues: queues.length, bindings: bindings.length },
  }
}

/** One of the same name gives way to it. */
async function addPolicy(into: ImportInto, { vhost, operator, ...policy }: DefinedPolicy) {
  const host = await into.vhost(vhost)
  await host.putPolicy(policy, { operator })
}

async function addExchange(into: ImportInto, exchange: DefinedExchange): Promise<void> {
  const { vhost, type, arguments: given, ...rest } = exchange
  const host = await into.vhost(vhost)
  if (rest.name === '' || rest.name.startsWith('amq.')) return
  await host.declareExchange({ ...rest, arguments: argumentsOf(given) }, type)
}

async function addQueue(into: ImportInto, queue: DefinedQueue): Promise<void> {
  const { vhost, arguments: given, ...rest } = queue
  const host = await into.vhost(vhost)
  const declared = { ...rest, exclusive: false, arguments: argumentsOf(given) }
  await host.declareQueue(declared, { connection: 0, named: true })
}

async function addBinding(into: ImportInto, binding: DefinedBinding): Promise<void> {
  const { vhost, arguments: given, ...rest } = binding
  const host = await into.vhost(vhost)
  // Those of the default exchange are there by themselves.
  if (rest.source !== '') await host.bind({ ...rest, arguments: argumentsOf(given) })
}
