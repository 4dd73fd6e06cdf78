import { createHash } from 'node:crypto'
import type { Scenarios } from '../scenario.ts'
import { pause } from '../scenario.ts'
import { drain, Inbox, Session, whole, withSession } from './session.ts'

/** Bodies, properties, tables, connections. */
export const CONTENTS: Scenarios = {
  'large-bodies': withSession(async (session) => {
    const channel = await session.channel()
    const queue = session.own('q')
    await channel.assertQueue(queue)
    const sizes = [0, 1, 4_087, 131_063, 131_064, 131_065, 262_128, 1 << 20, (4 << 20) + 3]
    for (const size of sizes) channel.sendToQueue(queue, Buffer.alloc(size, `${size} bytes `))
    await channel.waitForConfirms()
    const inbox = await Inbox.open(channel, queue, { noAck: true })
    for (const { content } of await inbox.take(sizes.length)) {
      const hash = createHash('sha256').update(content).digest('hex')
      session.stage.say(`${content.length} bytes`, hash)
    }
  }),

  properties: withSession(async (session) => {
    const channel = await session.channel()
    const queue = session.own('q')
    await channel.assertQueue(queue)
    const all = {
      ...{ contentType: 'text/plain', contentEncoding: 'gzip', persistent: true, priority: 7 },
      ...{ correlationId: 'c', replyTo: 'r', expiration: '60000', messageId: 'm' },
      ...{ timestamp: 1_700_000_000, type: 't', appId: 'a', headers: { h: 1 } },
    }
    channel.sendToQueue(queue, Buffer.from('all'), all)
    channel.sendToQueue(queue, Buffer.from('none'))
    channel.sendToQueue(queue, Buffer.from('transient'), { persistent: false })
    const empty = { contentType: '', correlationId: '', messageId: '', headers: {} }
    channel.sendToQueue(queue, Buffer.from('empty ones'), empty)
    channel.sendToQueue(queue, Buffer.from('long'), { messageId: 'ä'.repeat(127) })
    await channel.waitForConfirms()
    for (const message of await drain(channel, queue)) session.stage.say('got', whole(message))
  }),

  tables: withSession(async (session) => {
    const channel = await session.channel()
    const queue = session.own('q')
    await channel.assertQueue(queue)
    const typed = (type: string, value: unknown) => ({ '!': type, value })
    const headers = {
      ...{ text: 'ä☃', empty: '', yes: true, no: false, nothing: null },
      ...{ small: 1, negative: -1, int: 2 ** 31 - 1, long: 2 ** 40, most: Number.MAX_SAFE_INTEGER },
      ...{ double: 1.5, tiny: 1e-300, bytes: Buffer.from([0, 255, 1]) },
      ...{ list: [1, 'two', [3], { four: 4 }, null, true], emptyList: [] },
      deep: { a: { b: { c: { d: 'e' } } }, emptyTable: {} },
      float: typed('float', 0.5),
      byte: typed('byte', -7),
      short: typed('short', -300),
      uint8: typed('unsignedbyte', 200),
      uint16: typed('unsignedshort', 60_000),
      uint32: typed('unsignedint', 4_000_000_000),
      timestamp: typed('timestamp', 1_700_000_000),
      decimal: typed('decimal', { digits: 12_345, places: 2 }),
      [`key ${'k'.repeat(100)}`]: 'long key',
    }
    channel.sendToQueue(queue, Buffer.from('x'), { headers })
    await channel.waitForConfirms()
    for (const { properties } of await drain(channel, queue)) {
      for (const [key, value] of Object.entries(properties.headers ?? {})) {
        session.stage.say(key, value)
      }
    }
  }),

  'server-properties': withSession(async ({ stage, connection }) => {
    const { serverProperties } = connection.connection
    stage.say('capabilities', serverProperties.capabilities)
    stage.say('names', Object.keys(serverProperties).sort())
  }),

  tuning: async (stage) => {
    for (const asked of [
      '?frameMax=0x1000',
      '?frameMax=0x2000',
      '?channelMax=5',
      '?channelMax=0',
    ]) {
      const session = await Session.open(stage, (url) => {
        url.search = asked
      })
      const { frameMax, channelMax, heartbeat } = session.connection.connection as unknown as {
        frameMax: number
        channelMax: number
        heartbeat: number
      }
      stage.say(asked, { frameMax, channelMax, heartbeat })
      const channel = await session.channel()
      await channel.assertQueue(session.own('q'))
      channel.sendToQueue(session.own('q'), Buffer.alloc(10_000, 'x'))
      await channel.waitForConfirms()
      const got = await channel.get(session.own('q'), { noAck: true })
      stage.say('through small frames', got ? got.content.length : 'nothing')
      await session.close()
    }
  },

  heartbeats: async (stage) => {
    const session = await Session.open(stage, (url) => {
      url.search = '?heartbeat=1'
    })
    let lost = ''
    session.connection.on('error', ({ message }) => {
      lost = message
    })
    await pause(4_000)
    const channel = await session.channel()
    stage.say('still there', [(await channel.assertQueue('', { exclusive: true })).queue, lost])
    await session.close()
  },

  'update-secret': withSession(async ({ connection, stage }) => {
    const { password } = new URL(stage.url)
    await connection.updateSecret(Buffer.from(password), 'because')
    stage.say('updated')
  }),

  'many-channels': withSession(async (session) => {
    const queue = session.own('q')
    const channels = []
    for (let at = 0; at < 100; at++) channels.push(await session.channel())
    await channels[0]!.assertQueue(queue)
    for (const [at, channel] of channels.entries()) {
      channel.sendToQueue(queue, Buffer.from(String(at)))
    }
    await Promise.all(channels.map((channel) => channel.waitForConfirms()))
    const bodies = (await drain(channels[50]!, queue)).map(({ content }) => Number(content))
    session.stage.say('from all', bodies.sort((a, b) => a - b).length)
    for (const channel of channels) await channel.close()
    const again = await session.channel()
    session.stage.say('and a new one', (await again.checkQueue(queue)).messageCount)
  }),
}
