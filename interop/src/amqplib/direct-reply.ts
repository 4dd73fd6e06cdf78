import type { Scenarios } from '../scenario.ts'
import { Inbox, texts, whole, withSession } from './session.ts'

const REPLY_TO = 'amq.rabbitmq.reply-to'

/** Answers that go straight to the caller's channel, through no queue. */
export const DIRECT_REPLY: Scenarios = {
  'direct-reply-to': withSession(async (session) => {
    const [server, client] = [await session.channel(), await session.plainChannel()]
    const queue = session.own('rpc')
    await server.assertQueue(queue)
    const calls = await Inbox.open(server, queue, { noAck: true })
    const replies = await Inbox.open(client, REPLY_TO, { noAck: true })
    client.sendToQueue(queue, Buffer.from('call'), { replyTo: REPLY_TO, correlationId: 'c' })
    const [call] = await calls.take(1)
    const { replyTo } = call!.properties
    session.stage.say('called', whole(call!))
    session.stage.say('probe', await server.checkQueue(replyTo))
    server.sendToQueue(replyTo, Buffer.from('answer'), { correlationId: 'c' })
    server.sendToQueue(replyTo, Buffer.from('and another'), { mandatory: true })
    await server.waitForConfirms()
    // Their delivery tags mean nothing: RabbitMQ gives all of them the same.
    session.stage.say('answers', texts(await replies.take(2)))
    await client.close()
    await session.refused('probe of a caller that has left', (each) => each.checkQueue(replyTo))
    server.on('return', (message) => session.stage.say('returned', whole(message)))
    server.sendToQueue(replyTo, Buffer.from('too late'), { mandatory: true })
    await server.waitForConfirms()
  }),

  'direct-reply-to-misuse': withSession(async (session) => {
    await session.refused('with acks', (each) => each.consume(REPLY_TO, () => {}))
    await session.refused('publish without consumer', (each) =>
      each.sendToQueue('any', Buffer.from('x'), { replyTo: REPLY_TO }),
    )
    await session.refused('consumed twice', async (each) => {
      await each.consume(REPLY_TO, () => {}, { noAck: true })
      await each.consume(REPLY_TO, () => {}, { noAck: true })
    })
    await session.refused('declare', (each) => each.assertQueue(REPLY_TO))
    await session.refused('get', (each) => each.get(REPLY_TO, { noAck: true }))
    const channel = await session.plainChannel()
    const { consumerTag } = await channel.consume(REPLY_TO, () => {}, { noAck: true })
    session.stage.say('cancelled', (await channel.cancel(consumerTag)).consumerTag === consumerTag)
  }),
}
