import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { EMPTY_TABLE, encodePlain, type Method, writeProperties } from '@hufu/wire/amqp091'
import {
  CONSUME,
  DECLARE,
  headerPayload,
  methodFrame,
  publishOf,
  RawClient,
  rawFrame,
} from './hostile-client.fixture.ts'
import { type ServerProcess, serverProcess } from './hostile-process.fixture.ts'

/**
 * CPU time for which one client may keep the event loop, ms. The aim is 100; 250 is asserted with
 * `HUFU_TIMED=1`, on a quiet machine. What grows faster than what is sent takes seconds anywhere.
 */
const TURN_MS = process.env.HUFU_TIMED === '1' ? 250 : 1_000
/** One write: what comes together is dealt with together. */
const WRITE_BYTES = 64 << 10

const OWN = { ...DECLARE, durable: false, exclusive: true, noWait: true }
const TAKE = { ...CONSUME, consumerTag: '', noWait: true }
const EXCHANGE = {
  ...{ name: 'exchange.declare', exchange: 'x', type: 'topic', passive: false, durable: false },
  ...{ autoDelete: false, internal: false, noWait: true, arguments: EMPTY_TABLE },
} as const satisfies Method
const FLOW = { name: 'channel.flow', active: true } as const

/** Builds what costs the most; returns what is then written in one piece, again and again. */
type Attack = (client: RawClient) => Promise<(n: number) => Uint8Array>

const ATTACKS: Readonly<Record<string, Attack>> = {
  'declares among many queues': async (client) => {
    await declareMany(client)
    return () => methodFrame(1, { ...OWN, queue: 'many-0', passive: true })
  },
  'gets among many queues': async (client) => {
    await declareMany(client)
    client.send(message('', 'many-0'))
    await idle(client)
    return () => methodFrame(1, { name: 'basic.get', queue: 'many-0', noAck: false })
  },
  'publishes to a thousand queues at once': async (client) => {
    for (let n = 0; n < 1_000; n++) {
      client.say(1, { ...OWN, queue: `fan-${n}` })
      client.say(1, bind(`fan-${n}`, 'amq.fanout', ''))
    }
    await idle(client)
    return () => message('amq.fanout', '')
  },
  'topic patterns with many #': async (client) => {
    client.say(1, EXCHANGE)
    client.say(1, OWN)
    for (let n = 0; n < 50; n++) client.say(1, bind('q', 'x', `${'#.a.'.repeat(60)}b${n}`))
    await idle(client)
    return (n) => message('x', `${'a.'.repeat(120)}${n}`)
  },
  'a chain of 500 exchanges': async (client) => {
    for (let n = 0; n <= 500; n++) client.say(1, { ...EXCHANGE, exchange: `x-${n}` })
    for (let n = 0; n < 500; n++) client.say(1, chained(`x-${n}`, `x-${n + 1}`))
    client.say(1, chained('x-500', 'x-0'))
    await idle(client)
    return (n) => message('x-0', `key-${n}`)
  },
  'a thousand bindings that compare headers': async (client) => {
    client.say(1, OWN)
    for (let n = 0; n < 1_000; n++) {
      const args = encodePlain({ 'x-match': 'all', a: 1, b: 2, n })
      client.say(1, { ...bind('q', 'amq.headers', ''), arguments: args })
    }
    await idle(client)
    return () => message('amq.headers', '', { a: 1, b: 2, n: 0 })
  },
  'headers of thirty thousand values': async () => {
    const headers = { 'x-many': Array.from({ length: 30_000 }, () => null) }
    return () => message('amq.headers', '', headers)
  },
  'a thousand routing keys in a message': async (client) => {
    client.say(1, EXCHANGE)
    client.say(1, OWN)
    client.say(1, bind('q', 'x', 'a.#.b.#'))
    await idle(client)
    const CC = Array.from({ length: 1_000 }, (_, n) => `a.${n}.b`)
    return () => message('x', 'a', { CC })
  },
  'requeues of sixty thousand messages': async (client) => {
    client.say(1, OWN)
    for (let n = 0; n < 60_000; n++) {
      client.send(message('', 'q'))
      if (n % 1_000 === 0) await client.drained()
    }
    client.say(1, TAKE)
    await idle(client)
    return () => methodFrame(1, { name: 'basic.recover', requeue: true })
  },
  'two thousand channels, opened and closed': async () => {
    const close = { replyCode: 200, replyText: '', classId: 0, methodId: 0 } as const
    return (n) => {
      const channel = 2 + (n % 2_000)
      const open = methodFrame(channel, { name: 'channel.open' })
      return Buffer.concat([open, methodFrame(channel, { name: 'channel.close', ...close })])
    }
  },
}

describe('no connection has the event loop for long', { timeout: 280_000 }, () => {
  it('with what costs much for little', async (t) => {
    const server = await serverProcess(t)
    for (const [name, attack] of Object.entries(ATTACKS)) {
      await t.test(name, (each) => underAttack(each, server, attack))
    }
  })
})

async function underAttack(t: TestContext, server: ServerProcess, attack: Attack): Promise<void> {
  const client = await RawClient.open(server.port)
  t.after(() => client.drop())
  await client.channel()
  const next = await attack(client)
  await server.measure()
  const said = await Promise.race([written(client, next), client.verdict()])
  const { stallMs, busyMs } = await server.measure()
  const answer = said === undefined ? '' : `; ${said}`
  t.diagnostic(`${stallMs | 0} ms in one turn, ${busyMs | 0} in all${answer}`)
  await client.drop()
  await (await server.client()).close()
  const { stallMs: leaving } = await server.measure()
  t.diagnostic(`${leaving | 0} ms in one turn when it leaves`)
  assert.ok(stallMs < TURN_MS, `${stallMs} ms in one turn`)
  assert.ok(leaving < TURN_MS, `${leaving} ms in one turn when it leaves`)
}

async function written(client: RawClient, next: (n: number) => Uint8Array): Promise<void> {
  let n = 0
  for (let writes = 0; writes < 5; writes++) {
    const pieces: Uint8Array[] = []
    for (let bytes = 0; bytes < WRITE_BYTES; bytes += pieces.at(-1)!.length) pieces.push(next(n++))
    client.send(Buffer.concat(pieces))
    await idle(client)
  }
}

/** On many channels, so that they do not wait for each other. */
async function declareMany(client: RawClient): Promise<void> {
  for (let channel = 2; channel < 102; channel++) {
    client.say(channel, { name: 'channel.open' })
    for (let n = 0; n < 20; n++) {
      client.say(channel, { ...OWN, queue: `many-${20 * (channel - 2) + n}` })
    }
  }
  for (let channel = 2; channel < 102; channel++) await idle(client, channel)
}

/** Until all that was sent has been dealt with. */
async function idle(client: RawClient, channel = 1): Promise<void> {
  client.say(channel, FLOW)
  await Promise.race([client.next('channel.flow-ok').catch(() => undefined), client.verdict()])
}

function bind(queue: string, exchange: string, routingKey: string) {
  const rest = { noWait: true, arguments: EMPTY_TABLE } as const
  return { name: 'queue.bind', queue, exchange, routingKey, ...rest } as const satisfies Method
}

function chained(source: string, destination: string): Method {
  const rest = { routingKey: '#', noWait: true, arguments: EMPTY_TABLE } as const
  return { name: 'exchange.bind', source, destination, ...rest }
}

type Headers = Parameters<typeof encodePlain>[0]

/** An empty message. */
function message(exchange: string, key: string, headers?: Headers): Buffer {
  const table = headers && encodePlain(headers)
  const properties = table === undefined ? Buffer.alloc(2) : writeProperties({ headers: table })
  const header = Buffer.concat([headerPayload(0).subarray(0, 12), properties])
  return Buffer.concat([methodFrame(1, publishOf(key, exchange)), rawFrame(2, 1, header)])
}
