import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
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

const HEADER = 2
const BODY = 3
const MiB = 1 << 20

/** Unfinished messages of a connection may have 128 MiB; what else it holds is small. */
const PER_CONNECTION = 160 * MiB

/** More than a connection may hold. */
const MESSAGES = 250

const CONSUME_LARGE = { ...CONSUME, queue: 'large', consumerTag: '' }

/** Makes an open connection hold all it can; the queue `large` has messages of 1 MiB. */
type Attack = (client: RawClient, server: ServerProcess) => Promise<void>

const ATTACKS: Readonly<Record<string, Attack>> = {
  'half a frame': async (client) => {
    client.send(rawFrame(BODY, 1, Buffer.alloc(131_000)).subarray(0, 130_000))
  },
  'open contents on many channels, all but the last byte': async (client) => {
    for (let channel = 2; channel < 64; channel++) {
      client.say(channel, { name: 'channel.open' })
      client.send(begun(channel, 8 * MiB))
      for (let sent = 0; sent < 7 * MiB; sent += 131_064) {
        client.send(rawFrame(BODY, channel, Buffer.alloc(131_064)))
      }
      await client.drained()
    }
  },
  'headers without a body on all channels': async (client) => {
    const text = Buffer.alloc(120_000)
    const table = Buffer.concat([Buffer.from([1, 97, 0x78]), u32(text.length), text])
    for (let channel = 2; channel <= 2_047; channel++) {
      client.say(channel, { name: 'channel.open' })
      const payload = Buffer.concat([headerPayload(10), u32(table.length), table])
      // The flag of headers.
      payload.writeUInt16BE(0x2000, 12)
      client.send(methodFrame(channel, publishOf('none')))
      client.send(rawFrame(HEADER, channel, payload))
      if (channel % 16 === 0) await client.drained()
    }
  },
  'a body in frames of one byte': async (client) => {
    client.send(begun(1, 16 * MiB))
    await many(client, rawFrame(BODY, 1, Buffer.alloc(1)), 2_000_000)
  },
  'a body in empty frames': async (client) => {
    client.send(begun(1, 16 * MiB))
    await many(client, rawFrame(BODY, 1, Buffer.alloc(0)), 2_000_000)
  },
  'unread returns': async (client) => {
    client.socket.pause()
    const publish = { ...publishOf('nowhere'), mandatory: true }
    for (let count = 0; count < MESSAGES; count++) {
      client.say(1, publish)
      client.send(rawFrame(HEADER, 1, headerPayload(131_064 * 8)))
      for (let at = 0; at < 8; at++) client.send(rawFrame(BODY, 1, Buffer.alloc(131_064)))
      await client.drained()
    }
  },
  'unread gets': async (client) => {
    client.socket.pause()
    for (let count = 0; count < MESSAGES; count++) {
      client.say(1, { name: 'basic.get', queue: 'large', noAck: false })
    }
  },
  'unread deliveries, to be acked': async (client) => {
    client.socket.pause()
    client.say(1, CONSUME_LARGE)
  },
  'unread deliveries, not to be acked': async (client) => {
    client.socket.pause()
    client.say(1, { ...CONSUME_LARGE, noAck: true })
  },
  'unread direct replies': async (client, server) => {
    const replyTo = 'amq.rabbitmq.reply-to'
    client.say(1, { ...CONSUME_LARGE, queue: replyTo, noAck: true })
    await client.next('basic.consume-ok')
    const other = await server.client()
    const channel = await other.createConfirmChannel()
    const { queue } = await channel.assertQueue('', { exclusive: true })
    // What comes as `reply-to` of a message is the address.
    const asked = Buffer.concat([headerPayload(0), Buffer.from([replyTo.length])])
    asked.writeUInt16BE(0x0200, 12)
    client.say(1, publishOf(queue))
    client.send(rawFrame(HEADER, 1, Buffer.concat([asked, Buffer.from(replyTo)])))
    const address = await addressOf(channel, queue)
    client.socket.pause()
    for (let count = 0; count < MESSAGES; count++) channel.publish('', address, Buffer.alloc(MiB))
    await channel.waitForConfirms()
    await other.close()
  },
  'small frames behind a slow method': async (client) => {
    client.send(Buffer.concat(slowDeclares(600)))
    await many(client, methodFrame(1, { name: 'basic.cancel-ok', consumerTag: '' }), 1_000_000)
  },
  'a transaction of unroutable messages': async (client) => {
    client.say(1, { name: 'tx.select' })
    for (let count = 0; count < MESSAGES; count++) {
      client.say(1, { ...publishOf('nowhere'), mandatory: true })
      client.send(rawFrame(HEADER, 1, headerPayload(131_064 * 8)))
      for (let at = 0; at < 8; at++) client.send(rawFrame(BODY, 1, Buffer.alloc(131_064)))
      await client.drained()
    }
  },
  'a transaction of many messages': async (client) => {
    client.say(1, { name: 'tx.select' })
    for (let count = 0; count < 3 * MESSAGES; count++) {
      client.say(1, publishOf('tx'))
      client.send(rawFrame(HEADER, 1, headerPayload(131_064 * 8)))
      for (let at = 0; at < 8; at++) client.send(rawFrame(BODY, 1, Buffer.alloc(131_064)))
      await client.drained()
    }
  },
}

describe('a connection holds a bounded part of the memory', { timeout: 280_000 }, () => {
  it('whatever it does', async (t) => {
    const server = await serverProcess(t)
    await filled(server)
    const { memoryBytes } = await server.measure()
    for (const [name, attack] of Object.entries(ATTACKS)) {
      await t.test(name, (each) => underAttack(each, server, { attack, memoryBytes }))
    }
  })
})

/** `memoryBytes`: in use before the first one, so that nothing may be left behind either. */
async function underAttack(
  t: TestContext,
  server: ServerProcess,
  { attack, memoryBytes }: { attack: Attack; memoryBytes: number },
): Promise<void> {
  await server.measure()
  const client = await RawClient.open(server.port)
  t.after(() => client.drop())
  await client.channel()
  await Promise.race([attack(client, server), stuck(client)])
  await stuck(client)
  const after = await server.measure()
  const [held, most] = [after.memoryBytes, after.peakBytes].map((bytes) =>
    Math.round((bytes - memoryBytes) / MiB),
  )
  t.diagnostic(`${held} MiB, at most ${most}; ${Math.round(after.stallMs)} ms at a time`)
  assert.ok(held! < PER_CONNECTION / MiB, `${held} MiB are held`)
  await client.drop()
  await (await server.client()).close()
}

/** Until nothing moves any more: all has been taken, or no more of it is. */
async function stuck({ socket }: RawClient): Promise<void> {
  for (let before = -1, quiet = 0; quiet < 3; ) {
    await new Promise((resolve) => setTimeout(resolve, 150))
    const taken = socket.bytesWritten - socket.writableLength
    quiet = taken === before ? quiet + 1 : 0
    before = taken
  }
}

async function filled(server: ServerProcess): Promise<void> {
  const client = await server.client()
  const channel = await client.createConfirmChannel()
  for (const queue of ['large', 'tx']) await channel.assertQueue(queue)
  for (let count = 0; count < MESSAGES; count++) {
    channel.sendToQueue('large', Buffer.alloc(MiB))
    if (count % 20 === 19) await channel.waitForConfirms()
  }
  await client.close()
}

/** A publish whose body does not come. */
function begun(channel: number, bytes: number): Buffer {
  const publish = methodFrame(channel, publishOf('none'))
  return Buffer.concat([publish, rawFrame(HEADER, channel, headerPayload(bytes))])
}

async function many(client: RawClient, frame: Uint8Array, count: number): Promise<void> {
  const chunk = Buffer.concat(Array.from({ length: 10_000 }, () => frame))
  for (let sent = 0; sent < count && !client.over; sent += 10_000) {
    client.send(chunk)
    await client.drained()
  }
}

/** Declares on many channels, one after the other: the last one, on channel 1, waits for all. */
function slowDeclares(count: number): Uint8Array[] {
  const frames: Uint8Array[] = []
  for (let channel = count; channel > 0; channel--) {
    if (channel > 1) frames.push(methodFrame(channel, { name: 'channel.open' }))
    frames.push(methodFrame(channel, { ...DECLARE, queue: `slow-${channel}` }))
  }
  return frames
}

type Channel = Awaited<ReturnType<Awaited<ReturnType<ServerProcess['client']>>['createChannel']>>

async function addressOf(channel: Channel, queue: string): Promise<string> {
  for (;;) {
    const message = await channel.get(queue, { noAck: true })
    if (message !== false) return String(message.properties.replyTo)
  }
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}
