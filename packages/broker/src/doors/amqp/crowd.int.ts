import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { setTimeout as after } from 'node:timers/promises'
import { EMPTY_TABLE, type Method } from '@hufu/wire/amqp091'
import type { Waits } from './crowd-friend.fixture.ts'
import {
  headerPayload,
  methodFrame,
  publishOf,
  RawClient,
  rawFrame,
} from './hostile-client.fixture.ts'
import { type ServerProcess, serverProcess } from './hostile-process.fixture.ts'

const FRIEND = join(import.meta.dirname, 'crowd-friend.fixture.ts')
const MiB = 1 << 20
const SECONDS = 1.5
/** On which the ten thousand queues are declared. */
const CHANNELS = 100

/** `HUFU_TIMED=1` on a quiet machine: times are asserted, too. Else nobody is starved. */
const IS_TIMED = process.env.HUFU_TIMED === '1'
const STARVED_MS = 5_000

/** On top of twice the time without a crowd: what two cores take to share themselves. */
const SLACK_MS = 50

/** It has the disk at its limit, whose slowest writes are everybody's: medians are compared. */
const FLOOD = 'a publisher that floods, without confirms'

/** A client that is where the crowd is. */
class Friend {
  readonly #child

  constructor(server: ServerProcess) {
    this.#child = fork(FRIEND, [server.url])
  }

  async ready(): Promise<void> {
    await once(this.#child, 'message')
  }

  async waits(): Promise<Waits> {
    this.#child.send(SECONDS)
    const [waits] = await once(this.#child, 'message')
    return waits as Waits
  }

  leave(): void {
    this.#child.disconnect()
  }
}

/** Comes, and returns how it goes. */
type Crowd = (server: ServerProcess, t: TestContext) => Promise<() => Promise<void>>

const DECLARE = {
  ...{ name: 'queue.declare', queue: 'crowd', passive: false, durable: true, exclusive: false },
  ...{ autoDelete: false, noWait: false, arguments: EMPTY_TABLE },
} as const satisfies Method
const CONSUME = {
  ...{ name: 'basic.consume', queue: 'crowd', consumerTag: '', noLocal: false, noAck: false },
  ...{ exclusive: false, noWait: false, arguments: EMPTY_TABLE },
} as const satisfies Method

const CROWDS: Readonly<Record<string, Crowd>> = {
  'a consumer that never acks': async (server) => {
    const client = await declared(server)
    await publish(client, 20_000, 100)
    client.say(1, CONSUME)
    return () => client.drop()
  },
  'a consumer that does not read': async (server) => {
    const client = await declared(server)
    await publish(client, 20_000, 1_000)
    client.socket.pause()
    client.say(1, CONSUME)
    client.say(1, { ...CONSUME, noAck: true })
    return () => client.drop()
  },
  [FLOOD]: async (server, t) => {
    const client = await declared(server)
    let going = true
    let sent = 0
    const flood = async () => {
      while (going) {
        sent += await publish(client, 1_000, 1_000)
      }
      // What is in its socket comes too.
      await client.drained()
    }
    const flooding = flood()
    return async () => {
      going = false
      await flooding
      t.diagnostic(`${sent} messages were sent`)
      assert.equal(await countOf(server, 'crowd', sent), sent, 'nothing is lost unsaid')
      await client.drop()
    }
  },
  'a thousand connections': async (server) => {
    const before = await server.measure()
    const clients: RawClient[] = []
    const beat = setInterval(() => {
      for (const client of clients) client.send(rawFrame(8, 0, Buffer.alloc(0)))
    }, 900)
    for (let count = 0; count < 1_000; count++) {
      const client = await RawClient.open(server.port, { heartbeat: 1 })
      await client.channel()
      clients.push(client)
    }
    const each = ((await server.measure()).memoryBytes - before.memoryBytes) / 1_000
    assert.ok(each < 64 * 1_024, `${each} bytes for each connection`)
    return async () => {
      clearInterval(beat)
      for (const client of clients) assert.equal(client.over, false)
      await Promise.all(clients.map((client) => client.drop()))
    }
  },
  'ten thousand queues': async (server, t) => {
    const client = await RawClient.open(server.port)
    for (let channel = 1; channel <= CHANNELS; channel++) {
      client.say(channel, { name: 'channel.open' })
      await client.next('channel.open-ok')
    }
    const before = await server.measure()
    const start = performance.now()
    await answered(client, 10_000, 'queue.declare-ok', (n) => ({ ...DECLARE, queue: `q-${n}` }))
    const declaredMs = performance.now() - start
    for (let n = 0; n < 10_000; n++) client.send(message(`q-${n}`, 100))
    const each = ((await server.measure()).memoryBytes - before.memoryBytes) / 10_000
    t.diagnostic(`${declaredMs | 0} ms to declare, ${each | 0} bytes each`)
    assert.ok(each < 8 * 1_024, `${each} bytes for each queue with a message`)
    return async () => {
      const from = performance.now()
      await answered(client, 10_000, 'queue.delete-ok', (n) => {
        return {
          name: 'queue.delete',
          queue: `q-${n}`,
          ifUnused: false,
          ifEmpty: false,
          noWait: false,
        }
      })
      t.diagnostic(`${(performance.now() - from) | 0} ms to delete`)
      await client.drop()
    }
  },
  'two thousand channels, a consumer on each': async (server) => {
    const client = await declared(server)
    const before = await server.measure()
    for (let channel = 2; channel <= 2_047; channel++) {
      client.say(channel, { name: 'channel.open' })
      client.say(channel, CONSUME)
    }
    while (client.heard.length < 2 * 2_046) await after(10)
    const each = ((await server.measure()).memoryBytes - before.memoryBytes) / 2_046
    assert.ok(each < 32 * 1_024, `${each} bytes for each channel`)
    await publish(client, 2_000, 100)
    return () => client.drop()
  },
}

describe('a client among many', { timeout: 280_000 }, () => {
  for (const [name, crowd] of Object.entries(CROWDS)) {
    it(`beside ${name} gets on`, async (t) => {
      const server = await serverProcess(t)
      const friend = new Friend(server)
      await friend.ready()
      await friend.waits()
      const alone = [await friend.waits()]
      const leave = await crowd(server, t)
      await after(1_000)
      const before = await server.measure()
      const crowded: Waits[] = []
      for (let times = 0; times < 3; times++) crowded.push(await friend.waits())
      const { stallMs, memoryBytes, peakBytes, warnings } = await server.measure()
      await leave()
      for (let times = 0; times < 2; times++) alone.push(await friend.waits())
      friend.leave()
      t.diagnostic(`p50/p99 ms alone ${shown(alone)}; in the crowd ${shown(crowded)}`)
      const [held, most] = [memoryBytes, peakBytes].map((bytes) => (bytes / MiB) | 0)
      t.diagnostic(`longest turn ${stallMs | 0} ms, ${held} MiB, at most ${most}`)
      assert.deepEqual(warnings, [])
      const by = name === FLOOD ? 'p50' : 'p99'
      const [calm, wait] = [alone, crowded].map((waits) => medianOf(waits, by))
      const mostMs = IS_TIMED ? 2 * calm! + SLACK_MS : STARVED_MS
      assert.ok(wait! < mostMs, `${by} ${wait} ms, alone ${calm}`)
      assert.ok(peakBytes - before.memoryBytes < 256 * MiB, `${most} MiB`)
    })
  }
})

function shown(waits: readonly Waits[]): string {
  return waits.map(({ p50, p99 }) => `${p50 | 0}/${p99 | 0}`).join(' ')
}

function medianOf(waits: readonly Waits[], by: 'p50' | 'p99'): number {
  return waits.map((each) => each[by]).sort((a, b) => a - b)[1]!
}

/** A client whose channel 1 has the queue `crowd`. */
async function declared(server: ServerProcess): Promise<RawClient> {
  const client = await RawClient.open(server.port)
  await client.channel()
  client.say(1, DECLARE)
  await client.next('queue.declare-ok')
  return client
}

function message(queue: string, bytes: number): Buffer {
  const header = rawFrame(2, 1, headerPayload(bytes))
  return Buffer.concat([
    methodFrame(1, publishOf(queue)),
    header,
    rawFrame(3, 1, Buffer.alloc(bytes)),
  ])
}

/** Publishes to `crowd`; how many. */
async function publish(client: RawClient, count: number, bytes: number): Promise<number> {
  const each = 50
  const chunk = Buffer.concat(Array.from({ length: each }, () => message('crowd', bytes)))
  for (let sent = 0; sent < count; sent += each) {
    client.send(chunk)
    if (client.socket.writableLength > MiB) await client.drained()
  }
  return count
}

type Reply = 'queue.declare-ok' | 'queue.delete-ok'

/** Says something `count` times, on all channels at a time, and waits for all answers. */
async function answered(
  client: RawClient,
  count: number,
  reply: Reply,
  said: (n: number) => Method,
) {
  for (let n = 0; n < count; ) {
    for (let channel = 1; channel <= CHANNELS; channel++, n++) client.say(channel, said(n))
    for (let heard = 0; heard < CHANNELS; heard++) await client.next(reply)
  }
}

/** How many messages a queue has, when it has as many as it should or does not get more. */
async function countOf(server: ServerProcess, queue: string, wanted: number): Promise<number> {
  let [before, ready] = [-1, 0]
  while (ready < wanted && ready > before) {
    before = ready
    await after(1_000)
    const { queues } = await server.measure()
    ready = queues.find(({ name }) => name.endsWith(`/${queue}`))?.ready ?? 0
  }
  return ready
}
