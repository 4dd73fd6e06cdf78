import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { EMPTY_TABLE, encodeTable, PROTOCOL_HEADER } from '@hufu/wire/amqp091'
import { house } from './door.fixture.ts'
import {
  CONSUME,
  DECLARE,
  headerPayload,
  methodFrame,
  publishOf,
  RawClient,
  rawFrame,
  START_OK,
} from './hostile-client.fixture.ts'

type Mistake = (client: RawClient) => void | Promise<void>

const METHOD = 1
const HEADER = 2
const BODY = 3
const HEARTBEAT = 8

const QOS = { name: 'basic.qos', prefetchSize: 0, prefetchCount: 0, global: false } as const

/** What a connection whose channel 1 is open and has a queue `q` does wrong, by its answer. */
const MISTAKES: Readonly<Record<string, readonly [said: string, mistake: Mistake]>> = {
  'a frame of an unknown type': ['connection 501', (c) => c.send(rawFrame(4, 1, Buffer.alloc(4)))],
  'a frame that is longer than agreed': [
    'connection 501',
    (c) => c.send(Buffer.from([METHOD, 0, 1, 0, 2, 0, 0])),
  ],
  'a frame without its end': [
    'connection 501',
    (c) => c.send(Buffer.from([METHOD, 0, 1, 0, 0, 0, 4, 0, 20, 0, 10, 0])),
  ],
  'a heartbeat with a payload': [
    'connection 501',
    (c) => c.send(rawFrame(HEARTBEAT, 0, Buffer.from('x'))),
  ],
  'a method frame without class and method': [
    'connection 501',
    (c) => c.send(rawFrame(METHOD, 1, Buffer.from([0, 60]))),
  ],
  'a method that ends in the middle of its arguments': [
    'connection 501',
    (c) => c.send(rawFrame(METHOD, 1, Buffer.from([0, 50, 0, 10, 0, 0, 200, 97]))),
  ],
  'a table that is longer than its frame': [
    'connection 501',
    (c) => c.send(withTable(Buffer.from([1, 97, 0x53, 0xff, 0xff, 0xff, 0xff]))),
  ],
  'a table of an unknown type': [
    'connection 502',
    (c) => c.send(withTable(Buffer.from([1, 97, 0x21]))),
  ],
  'a table of a hundred tables in each other': ['connection 502', (c) => c.send(withTable(deep()))],
  'a body that is longer than its header said': [
    'connection 501',
    (c) => content(c, rawFrame(HEADER, 1, headerPayload(3)), rawFrame(BODY, 1, Buffer.alloc(4))),
  ],
  'a method that there is none of': [
    'connection 540',
    (c) => c.send(rawFrame(METHOD, 1, Buffer.from([0, 60, 0, 41]))),
  ],
  'a class that there is none of': [
    'connection 540',
    (c) => c.send(rawFrame(METHOD, 1, Buffer.from([0, 99, 0, 10]))),
  ],
  'immediate=true': ['connection 540', (c) => c.say(1, { ...publishOf('q'), immediate: true })],
  'a prefetch in bytes': ['connection 540', (c) => c.say(1, { ...QOS, prefetchSize: 1 })],
  'a flow that is stopped': [
    'connection 540',
    (c) => c.say(1, { name: 'channel.flow', active: false }),
  ],
  'recover without requeue': [
    'connection 540',
    (c) => c.say(1, { name: 'basic.recover', requeue: false }),
  ],
  'a method of the server': [
    'connection 503',
    (c) => c.say(1, { name: 'queue.declare-ok', queue: 'q', messageCount: 0, consumerCount: 0 }),
  ],
  'a connection opened twice': [
    'connection 504',
    (c) => c.say(0, { name: 'connection.open', virtualHost: '/' }),
  ],
  'a method of a channel on channel 0': ['connection 504', (c) => c.say(0, QOS)],
  'a connection method on a channel': [
    'connection 503',
    (c) => c.say(1, { name: 'connection.open', virtualHost: '/' }),
  ],
  'a channel opened twice': ['connection 504', (c) => c.say(1, { name: 'channel.open' })],
  'a method on a channel that is not open': ['connection 504', (c) => c.say(2, QOS)],
  'a header on a channel that is not open': [
    'connection 505',
    (c) => c.send(rawFrame(HEADER, 2, headerPayload(0))),
  ],
  'a header without a publish': [
    'connection 505',
    (c) => c.send(rawFrame(HEADER, 1, headerPayload(0))),
  ],
  'a body without a header': [
    'connection 505',
    (c) => content(c, rawFrame(BODY, 1, headerPayload(0))),
  ],
  'a method between publish and header': ['connection 505', (c) => content(c, methodFrame(1, QOS))],
  'a method between header and body': [
    'connection 505',
    (c) => content(c, rawFrame(HEADER, 1, headerPayload(3)), methodFrame(1, QOS)),
  ],
  'two headers': [
    'connection 505',
    (c) => content(c, ...[3, 3].map((size) => rawFrame(HEADER, 1, headerPayload(size)))),
  ],
  'a header of another class': [
    'connection 505',
    (c) => content(c, rawFrame(HEADER, 1, headerPayload(0, 50))),
  ],
  'a header with a weight': [
    'connection 505',
    (c) => content(c, rawFrame(HEADER, 1, headerPayload(0, 60, 1))),
  ],
  'content on channel 0': ['connection 505', (c) => c.send(rawFrame(HEADER, 0, headerPayload(0)))],
  'a heartbeat on a channel': [
    'connection 505',
    (c) => c.send(rawFrame(HEARTBEAT, 1, Buffer.alloc(0))),
  ],
  'a channel number above the agreed most': [
    'connection 530',
    (c) => c.say(2_048, { name: 'channel.open' }),
  ],
  'a consumer tag used twice': [
    'connection 530',
    (c) => {
      c.say(1, CONSUME)
      c.say(1, CONSUME)
    },
  ],
  'an exchange that there is none of': ['channel 404', (c) => whole(c, 'q', 'none')],
  'a queue that there is none of': ['channel 404', (c) => c.say(1, { ...CONSUME, queue: 'none' })],
  'an ack of nothing': [
    'channel 406',
    (c) => c.say(1, { name: 'basic.ack', deliveryTag: 7, multiple: false }),
  ],
  'a reject of what is far beyond': [
    'channel 406',
    (c) => c.say(1, { name: 'basic.reject', deliveryTag: 2 ** 50, requeue: true }),
  ],
  'a commit without a transaction': ['channel 406', (c) => c.say(1, { name: 'tx.commit' })],
  'a body of a terabyte': [
    'channel 406',
    (c) => content(c, rawFrame(HEADER, 1, headerPayload(2 ** 40))),
  ],
  'a queue declared otherwise': ['channel 406', (c) => c.say(1, { ...DECLARE, durable: false })],
}

/** What a client does wrong before its connection is open. */
const EARLY: typeof MISTAKES = {
  'a method before its time': ['connection 503', (c) => c.say(0, { name: 'connection.open-ok' })],
  'a channel before the connection': ['connection 503', (c) => c.say(1, { name: 'channel.open' })],
  'an unknown mechanism': ['connection 503', (c) => c.say(0, { ...START_OK, mechanism: 'GSSAPI' })],
  'a response of PLAIN that has one part': [
    'connection 502',
    (c) => c.say(0, { ...START_OK, response: Buffer.from('guest') }),
  ],
  'a response of AMQPLAIN that is no table': [
    'connection 501',
    (c) => c.say(0, { ...START_OK, mechanism: 'AMQPLAIN', response: Buffer.from([200, 1]) }),
  ],
  'a wrong password, said by a client that names nothing': [
    'dropped',
    (c) => c.say(0, { ...START_OK, response: Buffer.from('\0guest\0wrong') }),
  ],
  'a wrong password, said by a client that waits for the answer': [
    'connection 403',
    (c) =>
      c.say(0, { ...START_OK, clientProperties: failureClose(), response: Buffer.from('\0x\0y') }),
  ],
  'more channels than offered': ['connection 530', (c) => tuned(c, { channelMax: 3_000 })],
  'no limit of channels': ['connection 530', (c) => tuned(c, { channelMax: 0 })],
  'larger frames than offered': ['connection 530', (c) => tuned(c, { frameMax: 1 << 20 })],
  'frames that are too small': ['connection 530', (c) => tuned(c, { frameMax: 4_096 })],
  'a virtual host that there is none of': [
    'connection 530',
    async (c) => {
      await tuned(c, {})
      c.say(0, { name: 'connection.open', virtualHost: 'none' })
    },
  ],
}

/** First bytes that are another protocol: the header of ours comes back, and the end. */
const OTHERS = {
  HTTP: Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'),
  TLS: Buffer.from('16030100f8010000f40303', 'hex'),
  'AMQP 1.0': Buffer.from('AMQP\0\x01\0\0', 'latin1'),
  'AMQP 0-8': Buffer.from('AMQP\x01\x01\x08\0', 'latin1'),
  MQTT: Buffer.from('101000044d5154540402003c0004', 'hex'),
  zeros: Buffer.alloc(64),
}

describe('what a client does wrong', { timeout: 60_000 }, () => {
  it('on an open connection is answered with its code', async (t) => {
    const { port } = await house(t)
    const said = await answers(MISTAKES, async () => {
      const client = await RawClient.open(port)
      await client.channel()
      client.say(1, DECLARE)
      await client.next('queue.declare-ok')
      return client
    })
    assert.deepEqual(said, expected(MISTAKES))
  })

  it('in the handshake is answered with its code', async (t) => {
    const { port } = await house(t)
    const said = await answers(EARLY, async () => {
      const client = await RawClient.connect(port)
      client.send(PROTOCOL_HEADER)
      await client.next('connection.start')
      return client
    })
    assert.deepEqual(said, expected(EARLY))
  })

  it('with another protocol is answered with the header of this one', async (t) => {
    const { port } = await house(t)
    for (const [name, first] of Object.entries(OTHERS)) {
      const client = await RawClient.connect(port)
      const chunks: Buffer[] = []
      client.socket.on('data', (chunk) => chunks.push(chunk))
      client.send(first)
      assert.equal(await client.verdict(), 'dropped', name)
      assert.deepEqual(Buffer.concat(chunks), Buffer.from(PROTOCOL_HEADER), name)
    }
  })
})

async function answers(mistakes: typeof MISTAKES, open: () => Promise<RawClient>) {
  const said: Record<string, string> = {}
  for (const [name, [, mistake]] of Object.entries(mistakes)) {
    const client = await open()
    await mistake(client)
    const silence = new Promise<string>((resolve) => setTimeout(resolve, 4_000, 'nothing').unref())
    said[name] = await Promise.race([client.verdict(), silence])
    await client.drop()
  }
  return said
}

function expected(mistakes: typeof MISTAKES): Record<string, string> {
  return Object.fromEntries(Object.entries(mistakes).map(([name, [said]]) => [name, said]))
}

/** A publish to `q`, and frames behind it. */
function content(client: RawClient, ...frames: Uint8Array[]): void {
  client.send(Buffer.concat([methodFrame(1, publishOf('q')), ...frames]))
}

/** A publish of an empty message. */
function whole(client: RawClient, key: string, exchange: string): void {
  client.say(1, publishOf(key, exchange))
  client.send(rawFrame(HEADER, 1, headerPayload(0)))
}

/** A declare with these bytes for arguments. */
function withTable(table: Uint8Array): Uint8Array {
  return methodFrame(1, { ...DECLARE, queue: 'other', arguments: table })
}

function deep(): Uint8Array {
  let table: Uint8Array = EMPTY_TABLE
  for (let level = 0; level < 100; level++) {
    table = encodeTable([['', { type: 'x', value: table }]])
    table[1] = 0x46
  }
  return table
}

function failureClose(): Uint8Array {
  const value = [['authentication_failure_close', { type: 't', value: true }]] as const
  return encodeTable([['capabilities', { type: 'F', value }]])
}

async function tuned(client: RawClient, terms: { channelMax?: number; frameMax?: number }) {
  client.say(0, START_OK)
  await client.next('connection.tune')
  const agreed = { channelMax: 2_047, frameMax: 131_072, heartbeat: 0, ...terms }
  client.say(0, { name: 'connection.tune-ok', ...agreed })
}
