import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import amqplib, { type ChannelModel } from 'amqplib'
import { headerPayload, methodFrame, publishOf, rawFrame } from './hostile-client.fixture.ts'

/** What a client of amqplib does in one connection. */
type Session = (client: ChannelModel) => Promise<void>

const body = Buffer.from('a body')
const GET = { name: 'basic.get', queue: 'fuzz', noAck: false } as const
const ACK = { name: 'basic.ack', deliveryTag: 0, multiple: true } as const
const headers = {
  n: 1,
  text: 'ä',
  list: [1, 'two', { three: 3 }],
  deep: { deeper: { deepest: 1 } },
}

const SESSIONS: readonly Session[] = [
  async function confirms(client) {
    const channel = await client.createConfirmChannel()
    await channel.assertQueue('fuzz', { arguments: { 'x-max-length': 100 } })
    for (let n = 0; n < 5; n++) channel.sendToQueue('fuzz', body, { headers, persistent: n > 2 })
    channel.sendToQueue('fuzz', Buffer.alloc(200_000), { expiration: '1000', messageId: 'large' })
    await channel.waitForConfirms()
    await channel.purgeQueue('fuzz')
    await channel.close()
  },
  async function consuming(client) {
    const channel = await client.createConfirmChannel()
    await channel.assertQueue('acks', { autoDelete: true })
    await channel.prefetch(2)
    const { promise, resolve } = Promise.withResolvers<void>()
    let seen = 0
    const { consumerTag } = await channel.consume('acks', (message) => {
      if (message === null) return
      if (seen++ === 1) channel.nack(message)
      else channel.ack(message, seen % 2 === 0)
      if (seen === 6) resolve()
    })
    for (let n = 0; n < 5; n++) channel.sendToQueue('acks', body)
    await promise
    await channel.recover()
    await channel.cancel(consumerTag)
  },
  async function gets(client) {
    const channel = await client.createConfirmChannel()
    await channel.assertQueue('gets', { exclusive: true })
    channel.sendToQueue('gets', body, { headers })
    channel.sendToQueue('gets', Buffer.alloc(0))
    await channel.waitForConfirms()
    for (const noAck of [true, false]) await channel.get('gets', { noAck })
    await channel.get('gets')
    channel.publish('', 'nowhere', body, { mandatory: true })
    channel.on('return', () => undefined)
    await channel.waitForConfirms()
    await channel.deleteQueue('gets', { ifEmpty: false })
  },
  async function topology(client) {
    const channel = await client.createChannel()
    for (const type of ['direct', 'fanout', 'topic', 'headers']) {
      await channel.assertExchange(`x-${type}`, type, { alternateExchange: 'amq.fanout' })
      await channel.assertQueue(`q-${type}`, { exclusive: true, messageTtl: 1_000 })
      await channel.bindQueue(`q-${type}`, `x-${type}`, '#.a.*', { 'x-match': 'any', n: 1 })
      channel.publish(`x-${type}`, 'a.a.b', body, { headers, CC: ['c'], BCC: 'd' })
    }
    await channel.bindExchange('x-topic', 'x-direct', 'a')
    await channel.unbindExchange('x-topic', 'x-direct', 'a')
    await channel.unbindQueue('q-topic', 'x-topic', '#.a.*')
    await channel.deleteExchange('x-topic')
    await channel.close()
  },
  async function replies(client) {
    const [one, other] = [await client.createChannel(), await client.createChannel()]
    const { promise, resolve } = Promise.withResolvers<void>()
    await one.consume('amq.rabbitmq.reply-to', () => resolve(), { noAck: true })
    const { queue } = await other.assertQueue('', { exclusive: true })
    await other.consume(queue, (message) => {
      if (message === null) return
      other.sendToQueue(String(message.properties.replyTo), body)
      other.ack(message)
    })
    one.sendToQueue(queue, body, { replyTo: 'amq.rabbitmq.reply-to', correlationId: '1' })
    await promise
  },
]

/** A session, taken apart: the bytes of its frames; the first is the protocol header. */
export type Frames = readonly Buffer[]

/** What clients of amqplib send to the server at `port`, each session from its first byte on. */
export async function recordedSessions(port: number): Promise<Frames[]> {
  const sessions: Frames[] = []
  for (const session of SESSIONS) {
    // Without the close at its end, which would overtake what has to wait for the disk.
    sessions.push(framesIn(await recorded(port, session)).slice(0, -1))
  }
  return [...sessions, [...sessions[0]!.slice(0, HANDSHAKE), ...transaction()]]
}

/** Protocol header, start-ok, tune-ok, open. */
export const HANDSHAKE = 4

/** amqplib has no words for it. */
function transaction(): Buffer[] {
  const publish = [methodFrame(1, publishOf('fuzz')), rawFrame(2, 1, headerPayload(0))]
  const said = (name: 'tx.select' | 'tx.commit' | 'tx.rollback') => methodFrame(1, { name })
  const work = [...publish, ...publish, methodFrame(1, GET), methodFrame(1, ACK)]
  const frames = [
    ...[methodFrame(1, { name: 'channel.open' }), said('tx.select')],
    ...[...work, said('tx.commit'), ...work, said('tx.rollback')],
  ]
  return frames.map((frame) => Buffer.from(frame))
}

function framesIn(bytes: Buffer): Buffer[] {
  const frames = [bytes.subarray(0, 8)]
  for (let at = 8, end = 0; at < bytes.length; at = end) {
    end = at + 8 + bytes.readUInt32BE(at + 3)
    frames.push(bytes.subarray(at, end))
  }
  return frames
}

async function recorded(port: number, session: Session): Promise<Buffer> {
  const sent: Buffer[] = []
  const proxy = createServer((client) => {
    const server = connect(port, '127.0.0.1')
    client.on('data', (chunk: Buffer) => sent.push(chunk))
    client.pipe(server).pipe(client)
    for (const socket of [client, server]) socket.on('error', () => undefined)
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  const { port: own } = proxy.address() as AddressInfo
  const client = await amqplib.connect(`amqp://guest:guest@127.0.0.1:${own}`)
  await session(client)
  await client.close()
  proxy.close()
  return Buffer.concat(sent)
}
