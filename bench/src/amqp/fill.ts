import { setTimeout as passed } from 'node:timers/promises'
import { Client } from './client.ts'
import { Publishes } from './frames.ts'
import { Latency } from './latency.ts'
import type { Load } from './load.ts'
import { Publisher } from './publisher.ts'
import { layOut } from './queues.ts'

const LOOK_MS = 10
const WINDOW = 2_000

/** Messages that are to wait in one queue. */
export interface Fill extends Pick<Load, 'url' | 'queueArguments' | 'bytes'> {
  readonly messages: number
}

/** Publishes them, confirmed; resolves with the seconds it took. They stay. */
export async function fill({ messages, bytes, ...where }: Fill): Promise<number> {
  const { address, close } = await layOut({ ...where, queues: 1 })
  const client = await Client.connect(where.url)
  await client.call({ name: 'confirm.select', noWait: false }, 'confirm.select-ok')
  let left = messages
  const room = {
    room: () => left,
    sent(count: number) {
      left -= count
    },
  }
  const publishes = new Publishes({ ...address, bytes, persistent: true })
  const publisher = new Publisher(client, publishes, WINDOW, room, new Latency())
  const started = performance.now()
  publisher.closedLoop()
  publisher.pump()
  while (publisher.confirmed < messages) await passed(LOOK_MS)
  publisher.close()
  close()
  return (performance.now() - started) / 1_000
}
