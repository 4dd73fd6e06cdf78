import type { Scenarios } from '../scenario.ts'
import { until } from '../scenario.ts'
import { counts, drain, fill, Inbox, marked, numbers, texts, withSession } from './session.ts'

const QUORUM = { 'x-queue-type': 'quorum' }

/** Queues declared as quorum queues. */
export const QUORUMS: Scenarios = {
  'quorum-queue': withSession(async (session) => {
    const channel = await session.channel()
    const queue = session.own('q')
    session.stage.say('declared', await channel.assertQueue(queue, { arguments: QUORUM }))
    await fill(channel, queue, numbers(5))
    await channel.prefetch(2)
    const inbox = await Inbox.open(channel, queue)
    const [first, second] = await inbox.take(2)
    session.stage.say('no more than two', texts(await inbox.rest()))
    channel.ack(first!)
    channel.ack(second!)
    const [third, fourth] = await inbox.take(2)
    session.stage.say('then', texts([third!, fourth!]))
    channel.ackAll()
    session.stage.say('last', texts(await inbox.take(1)))
    channel.ackAll()
    await channel.cancel(inbox.tag)
    await until('end', async () => (await counts(channel, queue))[0] === 0)
    session.stage.say('deleted', await channel.deleteQueue(queue))
  }),

  'quorum-redelivery': withSession(async (session) => {
    const channel = await session.channel()
    const queue = session.own('q')
    await channel.assertQueue(queue, { arguments: QUORUM })
    await fill(channel, queue, ['x'])
    await channel.prefetch(1)
    const inbox = await Inbox.open(channel, queue)
    for (let round = 0; round < 3; round++) {
      const [message] = await inbox.take(1)
      const { headers } = message!.properties
      session.stage.say(`round ${round}`, [marked([message!]), headers?.['x-delivery-count'] ?? 0])
      channel.nack(message!)
    }
  }),

  'delivery-limit': withSession(async (session) => {
    const channel = await session.channel()
    const [queue, dead] = [session.own('q'), session.own('dead')]
    await channel.assertQueue(dead)
    const limited = { ...QUORUM, 'x-delivery-limit': 2 }
    const to = { deadLetterExchange: '', deadLetterRoutingKey: dead }
    await channel.assertQueue(queue, { ...to, arguments: limited })
    await fill(channel, queue, ['poison'])
    await channel.prefetch(1)
    const inbox = await Inbox.open(channel, queue)
    for (let round = 0; round < 3; round++) {
      const [message] = await inbox.take(1)
      channel.nack(message!)
    }
    session.stage.say('not a fourth time', texts(await inbox.rest()))
    await until('dead letter', async () => (await counts(channel, dead))[0] === 1)
    for (const { content, properties } of await drain(channel, dead)) {
      const [death] = properties.headers?.['x-death'] ?? []
      session.stage.say('dead', [content.toString(), death?.reason, death?.queue, death?.count])
    }
  }),

  'quorum-overflow': withSession(async (session) => {
    const channel = await session.channel()
    const queue = session.own('q')
    await channel.assertQueue(queue, { maxLength: 2, arguments: QUORUM })
    await fill(channel, queue, numbers(4))
    await until('drop', async () => (await counts(channel, queue))[0] === 2)
    const inbox = await Inbox.open(channel, queue, { noAck: true })
    session.stage.say('the last two', texts(await inbox.take(2)))
  }),

  'quorum-ttl': withSession(async (session) => {
    const channel = await session.channel()
    const [queue, dead] = [session.own('q'), session.own('dead')]
    await channel.assertQueue(dead)
    const to = { deadLetterExchange: '', deadLetterRoutingKey: dead, messageTtl: 100 }
    await channel.assertQueue(queue, { ...to, arguments: QUORUM })
    await fill(channel, queue, ['x'])
    const inbox = await Inbox.open(channel, dead, { noAck: true })
    session.stage.say('expired', texts(await inbox.take(1)))
  }),
}
