import { EMPTY_TABLE, encodePlain } from '@hufu/wire/amqp091'
import { Client } from './client.ts'
import type { Load } from './load.ts'

/** Where a load's messages go. */
export interface Queues {
  readonly names: readonly string[]
  /** What the publishers write. */
  readonly address: { readonly exchange: string; readonly routingKey: string }
  /** With all that is in them. */
  remove(): Promise<void>
  /** They stay. */
  close(): void
}

const EXCHANGE = 'bench-fanout'
const FLAGS = { passive: false, durable: true, autoDelete: false, noWait: false }

/** Declares durable queues, and a fanout exchange before them where they are several. */
export async function layOut(
  load: Pick<Load, 'url' | 'queues' | 'queueArguments'>,
): Promise<Queues> {
  const client = await Client.connect(load.url)
  const names = Array.from({ length: load.queues }, (_, n) => `bench-${n}`)
  await removeAll(client, names)
  const several = names.length > 1
  if (several) {
    const kind = { exchange: EXCHANGE, type: 'fanout', internal: false, arguments: EMPTY_TABLE }
    await client.call({ name: 'exchange.declare', ...FLAGS, ...kind }, 'exchange.declare-ok')
  }
  for (const queue of names) {
    const own = { queue, exclusive: false, arguments: encodePlain(load.queueArguments) }
    await client.call({ name: 'queue.declare', ...FLAGS, ...own }, 'queue.declare-ok')
    if (!several) continue
    const from = { exchange: EXCHANGE, routingKey: '', noWait: false, arguments: EMPTY_TABLE }
    await client.call({ name: 'queue.bind', queue, ...from }, 'queue.bind-ok')
  }
  const address = several
    ? { exchange: EXCHANGE, routingKey: '' }
    : { exchange: '', routingKey: names[0]! }
  const remove = async () => {
    await removeAll(client, names)
    client.close()
  }
  return { names, address, remove, close: () => client.close() }
}

async function removeAll(client: Client, names: readonly string[]): Promise<void> {
  for (const queue of names) {
    const always = { ifUnused: false, ifEmpty: false, noWait: false }
    await client.call({ name: 'queue.delete', queue, ...always }, 'queue.delete-ok')
  }
  const exchange = { exchange: EXCHANGE, ifUnused: false, noWait: false }
  await client.call({ name: 'exchange.delete', ...exchange }, 'exchange.delete-ok')
}
