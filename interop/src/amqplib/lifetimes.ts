import type { ConfirmChannel } from 'amqplib'
import type { Scenarios } from '../scenario.ts'
import { pause, until } from '../scenario.ts'
import {
  counts,
  drain,
  fill,
  Inbox,
  numbers,
  type Session,
  texts,
  whole,
  withSession,
} from './session.ts'

/** TTL, dead letters, limits, priorities. */
export const LIFETIMES: Scenarios = {
  'ttl-of-queue': withSession(async (session) => {
    const channel = await session.channel()
    const queue = session.own('q')
    await channel.assertQueue(queue, { messageTtl: 200 })
    await fill(channel, queue, numbers(2))
    session.stage.say('there', await counts(channel, queue))
    await until('expiry', async () => (await counts(channel, queue))[0] === 0)
    session.stage.say('gone', await channel.get(queue))
  }),

  'ttl-of-message': withSession(async (session) => {
    const channel = await session.channel()
    const queue = session.own('q')
    await channel.assertQueue(queue)
    await fill(channel, queue, ['short'], { expiration: '100' })
    await fill(channel, queue, ['long'], { expiration: '600000' })
    await fill(channel, queue, ['behind a longer one'], { expiration: '100' })
    await until('expiry', async () => (await counts(channel, queue))[0] === 2)
    await pause(200)
    session.stage.say('only the head goes', await counts(channel, queue))
    session.stage.say('got', (await drain(channel, queue)).map(whole))
    await fill(channel, queue, ['ttl 0, nobody there'], { expiration: '0' })
    session.stage.say('at once', await channel.get(queue))
    const inbox = await Inbox.open(channel, queue)
    await fill(channel, queue, ['ttl 0, delivered at once'], { expiration: '0' })
    session.stage.say('to a consumer', texts(await inbox.take(1)))
  }),

  'ttl-0-of-queue': withSession(async (session) => {
    const channel = await session.channel()
    const queue = session.own('q')
    await channel.assertQueue(queue, { messageTtl: 0 })
    await fill(channel, queue, ['nobody there'])
    session.stage.say('gone', await channel.get(queue))
    const inbox = await Inbox.open(channel, queue)
    await fill(channel, queue, ['somebody there'])
    session.stage.say('delivered', texts(await inbox.take(1)))
  }),

  'queue-expires': withSession(async (session) => {
    const channel = await session.channel()
    const [idle, used] = [session.own('idle'), session.own('used')]
    for (const queue of [idle, used]) await channel.assertQueue(queue, { expires: 300 })
    await Inbox.open(channel, used)
    await pause(1_200)
    await session.refused('unused', (each) => each.checkQueue(idle))
    session.stage.say('used', await counts(channel, used))
  }),

  'dead-letter-rejected': withSession(async (session) => {
    const channel = await session.channel()
    const { work, dead } = await deadLetters(session, channel)
    const options = { headers: { kept: 1 }, messageId: 'm', persistent: true }
    await fill(channel, work, ['rejected', 'nacked', 'acked', 'requeued'], options)
    const messages = await (await Inbox.open(channel, work)).take(4)
    channel.reject(messages[0]!, false)
    channel.nack(messages[1]!, false, false)
    channel.ack(messages[2]!)
    const inbox = await Inbox.open(channel, dead)
    session.stage.say('dead', (await inbox.take(2)).map(settled))
    session.stage.say('no more', (await inbox.rest()).length)
  }),

  'dead-letter-expired': withSession(async (session) => {
    const channel = await session.channel()
    const { work, dead } = await deadLetters(session, channel)
    await fill(channel, work, ['expired'], { expiration: '50', headers: {} })
    const inbox = await Inbox.open(channel, dead)
    session.stage.say('dead', (await inbox.take(1)).map(settled))
  }),

  'dead-letter-maxlen': withSession(async (session) => {
    const channel = await session.channel()
    const { work, dead } = await deadLetters(session, channel, { maxLength: 2 })
    await fill(channel, work, numbers(3))
    const inbox = await Inbox.open(channel, dead)
    session.stage.say('dead', (await inbox.take(1)).map(settled))
    session.stage.say('left', texts(await drain(channel, work)))
  }),

  'dead-letter-key': withSession(async (session) => {
    const channel = await session.channel()
    const dead = session.own('dead')
    await channel.assertQueue(dead)
    const queue = session.own('q')
    const to = { deadLetterExchange: '', deadLetterRoutingKey: dead }
    await channel.assertQueue(queue, { ...to, messageTtl: 50 })
    await channel.bindQueue(queue, 'amq.topic', session.own('k'))
    const headers = { CC: [session.own('elsewhere')] }
    channel.publish('amq.topic', session.own('k'), Buffer.from('x'), { headers })
    const inbox = await Inbox.open(channel, dead)
    session.stage.say('dead', (await inbox.take(1)).map(settled))
  }),

  'dead-letter-rounds': withSession(async (session) => {
    const channel = await session.channel()
    const [work, wait] = [session.own('work'), session.own('wait')]
    const back = { deadLetterExchange: '', deadLetterRoutingKey: work, messageTtl: 50 }
    await channel.assertQueue(wait, back)
    await channel.assertQueue(work, { deadLetterExchange: '', deadLetterRoutingKey: wait })
    await fill(channel, work, ['again and again'])
    const inbox = await Inbox.open(channel, work)
    for (let round = 0; round < 3; round++) {
      const [message] = await inbox.take(1)
      session.stage.say(`round ${round}`, settled(message!))
      channel.reject(message!, false)
    }
  }),

  'dead-letter-cycle': withSession(async (session) => {
    const channel = await session.channel()
    const [one, two] = [session.own('1'), session.own('2')]
    for (const [from, to] of [
      [one, two],
      [two, one],
    ] as const) {
      const options = { deadLetterExchange: '', deadLetterRoutingKey: to, messageTtl: 50 }
      await channel.assertQueue(from, options)
    }
    await fill(channel, one, ['round and round'])
    await pause(1_000)
    session.stage.say('dropped', [await counts(channel, one), await counts(channel, two)])
  }),

  'max-length': withSession(async (session) => {
    const channel = await session.channel()
    const [short, light] = [session.own('short'), session.own('light')]
    await channel.assertQueue(short, { maxLength: 3 })
    await fill(channel, short, numbers(5))
    session.stage.say('the last three', texts(await drain(channel, short)))
    await channel.assertQueue(light, { arguments: { 'x-max-length-bytes': 10 } })
    await fill(channel, light, ['1234', '56789', 'abcde', 'fgh'])
    session.stage.say('ten bytes', texts(await drain(channel, light)))
    await fill(channel, light, ['longer than ten bytes'])
    session.stage.say('too large', texts(await drain(channel, light)))
    await channel.assertQueue(session.own('none'), { maxLength: 0 })
    await fill(channel, session.own('none'), ['x'])
    session.stage.say('length 0', await counts(channel, session.own('none')))
  }),

  'max-length-unacked': withSession(async (session) => {
    const channel = await session.channel()
    const queue = session.own('q')
    await channel.assertQueue(queue, { maxLength: 2 })
    await fill(channel, queue, numbers(2))
    const held = await channel.get(queue)
    await fill(channel, queue, ['3', '4'])
    session.stage.say('only ready ones count', await counts(channel, queue))
    if (held) channel.nack(held)
    await pause()
    session.stage.say('after its return', texts(await drain(channel, queue)))
  }),

  'reject-publish': withSession(async (session) => {
    const channel = await session.channel()
    const queue = session.own('q')
    const overflow = { 'x-max-length': 2, 'x-overflow': 'reject-publish' }
    await channel.assertQueue(queue, { arguments: overflow })
    const outcomes = []
    for (const text of numbers(4)) outcomes.push(await confirmed(channel, queue, text))
    session.stage.say('confirms', outcomes)
    session.stage.say('kept', texts(await drain(channel, queue)))
    session.stage.say('room again', await confirmed(channel, queue, 'x'))
  }),

  'reject-publish-dlx': withSession(async (session) => {
    const channel = await session.channel()
    const overflow = { arguments: { 'x-overflow': 'reject-publish-dlx' }, maxLength: 1 }
    const { work, dead } = await deadLetters(session, channel, overflow)
    const outcomes = []
    for (const text of numbers(2)) outcomes.push(await confirmed(channel, work, text))
    session.stage.say('confirms', outcomes)
    session.stage.say('dead', (await (await Inbox.open(channel, dead)).take(1)).map(settled))
  }),

  priority: withSession(async (session) => {
    const channel = await session.channel()
    const queue = session.own('q')
    await channel.assertQueue(queue, { maxPriority: 5 })
    for (const priority of [0, 3, 5, 1, 9, undefined, 3]) {
      const options = priority === undefined ? {} : { priority }
      await fill(channel, queue, [`p${priority}`], options)
    }
    const inbox = await Inbox.open(channel, queue)
    const messages = await inbox.take(7)
    session.stage.say('highest first', messages.map(whole))
    channel.nackAll(true)
    session.stage.say('and again', texts(await inbox.take(7)))
  }),
}

/** A queue whose dead messages go through an exchange to another. */
async function deadLetters(session: Session, channel: ConfirmChannel, options: object = {}) {
  const [work, dlx, dead] = [session.own('work'), session.own('dlx'), session.own('dead')]
  await channel.assertExchange(dlx, 'direct')
  await channel.assertQueue(dead)
  await channel.bindQueue(dead, dlx, work)
  await channel.assertQueue(work, { deadLetterExchange: dlx, ...options })
  return { work, dead }
}

async function confirmed(channel: ConfirmChannel, queue: string, text: string): Promise<string> {
  return new Promise((resolve) => {
    channel.sendToQueue(queue, Buffer.from(text), {}, (error) => resolve(error ? 'nack' : 'ack'))
  })
}

/** The message without the times of its deaths; what is in a table is in no order. */
function settled(message: Parameters<typeof whole>[0]): unknown {
  const text = JSON.stringify(whole(message))
  const timeless = text.replace(/("time":\{"!":"timestamp","value":)\d+/g, '$1"then"')
  return JSON.parse(timeless, (_, value) => sorted(value))
}

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}
