import type { Channel } from 'amqplib'
import type { Scenarios } from '../scenario.ts'
import { drain, fill, Inbox, numbers, type Session, texts, whole, withSession } from './session.ts'

const PERSISTENT = { persistent: true }

/** Whether it is there, by a passive declare on a channel of its own. */
async function isThere(session: Session, look: (channel: Channel) => Promise<unknown>) {
  const channel = await session.plainChannel()
  return look(channel).then(
    () => true,
    () => false,
  )
}

/** What is left behind for those who come after a restart. */
export const BEFORE_RESTART: Scenarios = {
  messages: withSession(async (session) => {
    const channel = await session.channel()
    await channel.assertQueue('restart.lasting')
    await fill(channel, 'restart.lasting', numbers(50), { ...PERSISTENT, messageId: 'm' })
    await channel.prefetch(3)
    const [first] = await (await Inbox.open(channel, 'restart.lasting')).take(3)
    channel.ack(first!)
    await channel.checkQueue('restart.lasting')
    session.stage.say('one acked of', 50)
  }),

  topology: withSession(async (session) => {
    const channel = await session.channel()
    await channel.assertQueue('restart.bound', { maxPriority: 3, messageTtl: 600_000 })
    await channel.assertQueue('restart.passing', { durable: false })
    await channel.assertQueue('restart.exclusive', { exclusive: true })
    await channel.assertExchange('restart.topic', 'topic', { alternateExchange: 'restart.other' })
    await channel.assertExchange('restart.other', 'fanout')
    await channel.assertExchange('restart.passing', 'fanout', { durable: false })
    await channel.bindQueue('restart.bound', 'restart.topic', 'a.#')
    await channel.bindExchange('restart.other', 'restart.topic', 'b.#')
    await channel.bindQueue('restart.bound', 'restart.other', '')
    await channel.bindQueue('restart.bound', 'restart.passing', '')
    await channel.bindQueue('restart.passing', 'restart.topic', '#')
    session.stage.say('declared')
  }),
}

/** What they find. */
export const AFTER_RESTART: Scenarios = {
  messages: withSession(async (session) => {
    const channel = await session.channel()
    const inbox = await Inbox.open(channel, 'restart.lasting')
    const messages = await inbox.take(49)
    session.stage.say('there, in order', texts(messages))
    const { properties } = whole(messages[0]!) as { properties: object }
    session.stage.say('properties', properties)
    channel.ackAll()
    await channel.close()
    const look = await session.channel()
    session.stage.say('none comes again', texts(await drain(look, 'restart.lasting')))
  }),

  topology: withSession(async (session) => {
    for (const queue of ['restart.bound', 'restart.passing', 'restart.exclusive']) {
      session.stage.say(queue, await isThere(session, (each) => each.checkQueue(queue)))
    }
    for (const exchange of ['restart.topic', 'restart.other', 'restart.passing']) {
      session.stage.say(exchange, await isThere(session, (each) => each.checkExchange(exchange)))
    }
    await session.refused('same arguments', (each) => each.assertQueue('restart.bound'))
    const channel = await session.channel()
    for (const key of ['a.b', 'b.c', 'c.d']) {
      channel.publish('restart.topic', key, Buffer.from(key), { priority: key === 'c.d' ? 3 : 0 })
    }
    await channel.waitForConfirms()
    session.stage.say('routed', (await drain(channel, 'restart.bound')).map(whole))
  }),
}
