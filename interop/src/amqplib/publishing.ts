import type { ConfirmChannel, Options } from 'amqplib'
import { pause, type Scenarios } from '../scenario.ts'
import { counts, drain, fill, numbers, whole, withSession } from './session.ts'

/** What becomes of one publish, in words. */
function outcome(
  channel: ConfirmChannel,
  exchange: string,
  key: string,
  options?: Options.Publish,
) {
  return new Promise<string>((resolve) => {
    channel.publish(exchange, key, Buffer.from('x'), options, (error) =>
      resolve(error ? 'nack' : 'ack'),
    )
  })
}

/** Confirms, returns, copies. */
export const PUBLISHING: Scenarios = {
  confirms: withSession(async (session) => {
    const channel = await session.channel()
    const queue = session.own('q')
    await channel.assertQueue(queue)
    const all = await Promise.all(
      numbers(200).map((at) =>
        outcome(channel, '', queue, { persistent: Number(at) % 2 === 0, headers: { at } }),
      ),
    )
    session.stage.say('confirmed', all.filter((each) => each === 'ack').length)
    session.stage.say('in the queue', await counts(channel, queue))
    session.stage.say('no queue', await outcome(channel, 'amq.direct', session.own('none')))
  }),

  mandatory: withSession(async (session) => {
    const channel = await session.channel()
    const queue = session.own('q')
    await channel.assertQueue(queue)
    channel.on('return', (message) => session.stage.say('returned', whole(message)))
    const options = { mandatory: true, messageId: 'm', headers: { a: 1 } }
    for (const [exchange, key] of [
      ['', session.own('none')],
      ['amq.topic', session.own('none')],
      ['', queue],
    ] as const) {
      session.stage.say('confirmed', await outcome(channel, exchange, key, options))
    }
    const plain = await session.plainChannel()
    plain.on('return', (message) => session.stage.say('returned, no confirms', whole(message)))
    plain.publish('amq.fanout', session.own('none'), Buffer.from('y'), { mandatory: true })
    await plain.checkQueue(queue)
    await pause()
  }),

  'cc-bcc': withSession(async (session) => {
    const channel = await session.channel()
    const queues = ['to', 'cc', 'bcc'].map((name) => session.own(name))
    for (const queue of queues) await channel.assertQueue(queue)
    const [to, cc, bcc] = queues as [string, string, string]
    const headers = { CC: [cc, to, session.own('none')], BCC: [bcc], kept: 1 }
    await fill(channel, to, ['copies'], { headers })
    for (const queue of queues) session.stage.say('got', (await drain(channel, queue)).map(whole))
    await session.refused('CC that is no list', (each) =>
      each.sendToQueue(to, Buffer.from('x'), { headers: { CC: cc } }),
    )
  }),
}
