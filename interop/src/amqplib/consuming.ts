import type { GetMessage } from 'amqplib'
import type { Scenarios } from '../scenario.ts'
import { pause, until } from '../scenario.ts'
import {
  counts,
  fill,
  Inbox,
  marked,
  numbers,
  Session,
  texts,
  whole,
  withSession,
} from './session.ts'

/** Getting, settling, redelivery. */
export const CONSUMING: Scenarios = {
  get: withSession(async (session) => {
    const channel = await session.channel()
    const queue = session.own('q')
    await channel.assertQueue(queue)
    session.stage.say('empty', await channel.get(queue))
    await fill(channel, queue, numbers(3))
    const [first, second] = [await channel.get(queue), await channel.get(queue, { noAck: true })]
    session.stage.say(
      'got',
      [first, second].map((each) => each && whole(each)),
    )
    if (first) channel.nack(first)
    const again = await channel.get(queue)
    session.stage.say('again', again && whole(again))
    if (again) channel.ack(again)
    session.stage.say('left', await counts(channel, queue))
    await session.refused('of no queue', (each) => each.get(session.own('none')))
  }),

  'nack-reject': withSession(async (session) => {
    const channel = await session.channel()
    const queue = session.own('q')
    await channel.assertQueue(queue)
    await fill(channel, queue, numbers(6))
    await channel.prefetch(6)
    const inbox = await Inbox.open(channel, queue)
    const [one, two, three, four] = await inbox.take(6)
    channel.nack(two!, false, true)
    session.stage.say('nack with requeue', marked(await inbox.take(1)))
    channel.reject(one!, true)
    session.stage.say('reject with requeue', marked(await inbox.take(1)))
    channel.reject(three!, false)
    channel.nack(four!, true, false)
    session.stage.say('dropped', marked(await inbox.rest()))
    channel.nackAll(true)
    session.stage.say('all again', marked(await inbox.take(4)))
    channel.ackAll()
    session.stage.say('left', await counts(channel, queue))
  }),

  'requeue-order': withSession(async (session) => {
    const channel = await session.channel()
    const queue = session.own('q')
    await channel.assertQueue(queue)
    await fill(channel, queue, numbers(5))
    const held: (GetMessage | false)[] = []
    for (let at = 0; at < 4; at++) held.push(await channel.get(queue))
    for (const at of [2, 0, 3]) {
      const message = held[at]
      if (message) channel.nack(message, false, true)
    }
    await pause()
    const inbox = await Inbox.open(channel, queue, { noAck: true })
    session.stage.say('in the old order', marked(await inbox.take(4)))
  }),

  redelivery: async (stage) => {
    const session = await Session.open(stage)
    const channel = await session.channel()
    const queue = session.own('q')
    await channel.assertQueue(queue)
    await fill(channel, queue, numbers(4))
    const cut = await Session.open(stage)
    const doomed = await cut.channel()
    const held = await (await Inbox.open(doomed, queue)).take(4)
    doomed.ack(held[1]!)
    await doomed.checkQueue(queue)
    cut.cut()
    await until('requeue', async () => (await counts(channel, queue))[0] === 3)
    const inbox = await Inbox.open(channel, queue)
    stage.say('after the cut', (await inbox.take(3)).map(whole))
    await session.close()
    const last = await Session.open(stage)
    const end = await last.channel()
    await until('requeue', async () => (await counts(end, queue))[0] === 3)
    const again = await Inbox.open(end, queue, { noAck: true })
    stage.say('after an ordinary close', marked(await again.take(3)))
    await last.close()
  },

  recover: withSession(async (session) => {
    const channel = await session.channel()
    const queue = session.own('q')
    await channel.assertQueue(queue)
    await fill(channel, queue, numbers(3))
    const inbox = await Inbox.open(channel, queue)
    const [first] = await inbox.take(3)
    channel.ack(first!)
    session.stage.say('recovered', await channel.recover())
    session.stage.say('again', marked(await inbox.take(2)))
  }),

  'cancel-keeps-unacked': withSession(async (session) => {
    const channel = await session.channel()
    const queue = session.own('q')
    await channel.assertQueue(queue)
    await fill(channel, queue, numbers(2))
    const inbox = await Inbox.open(channel, queue)
    const [first] = await inbox.take(2)
    await channel.cancel(inbox.tag)
    channel.ack(first!)
    session.stage.say('held', await counts(channel, queue))
    session.stage.say('unknown tag', await channel.cancel('never there'))
    await channel.close()
    const other = await session.channel()
    await until('requeue', async () => (await counts(other, queue))[0] === 1)
    session.stage.say('back', await counts(other, queue))
  }),

  'prefetch-per-consumer': withSession(async (session) => {
    const channel = await session.channel()
    const queue = session.own('q')
    await channel.assertQueue(queue)
    await fill(channel, queue, numbers(10))
    await channel.prefetch(2)
    const first = await Inbox.open(channel, queue)
    await first.take(2)
    await channel.prefetch(3)
    const second = await Inbox.open(channel, queue)
    const taken = await second.take(3)
    session.stage.say('each its own', [texts(first.all), texts(second.all)])
    channel.ack(taken[0]!)
    session.stage.say('one more', texts(await second.take(1)))
    session.stage.say('no more', texts([...(await first.rest()), ...(await second.rest())]))
  }),

  'prefetch-per-channel': withSession(async (session) => {
    const channel = await session.channel()
    const queues = [session.own('a'), session.own('b')]
    for (const queue of queues) {
      await channel.assertQueue(queue)
      await fill(channel, queue, numbers(5))
    }
    await channel.prefetch(3, true)
    const inboxes: Inbox[] = []
    for (const queue of queues) inboxes.push(await Inbox.open(channel, queue))
    const [first] = await inboxes[0]!.take(3)
    session.stage.say('all to the first', texts(await inboxes[1]!.rest()))
    channel.ack(first!)
    await until('a fourth', () => inboxes[0]!.all.length + inboxes[1]!.all.length === 4)
    await pause()
    session.stage.say('together', inboxes[0]!.all.length + inboxes[1]!.all.length)
  }),

  'cancel-notify': withSession(async (session) => {
    const channel = await session.channel()
    const queue = session.own('q')
    await channel.assertQueue(queue)
    const inbox = await Inbox.open(channel, queue)
    const other = await session.channel()
    session.stage.say('deleted', await other.deleteQueue(queue))
    await until('cancel', () => inbox.cancelled === 1)
    session.stage.say('told', inbox.cancelled)
    session.stage.say('cancel of it', (await channel.cancel(inbox.tag)).consumerTag === inbox.tag)
  }),

  'exclusive-consumer': withSession(async (session) => {
    const channel = await session.channel()
    const queue = session.own('q')
    await channel.assertQueue(queue)
    const inbox = await Inbox.open(channel, queue, { exclusive: true })
    await session.refused('a second', (each) => each.consume(queue, () => {}))
    await channel.cancel(inbox.tag)
    await Inbox.open(channel, queue)
    await session.refused('exclusive beside one', (each) =>
      each.consume(queue, () => {}, { exclusive: true }),
    )
  }),

  'consumer-priority': withSession(async (session) => {
    const [low, high] = [await session.channel(), await session.channel()]
    const queue = session.own('q')
    await low.assertQueue(queue)
    await low.prefetch(2)
    await high.prefetch(2)
    const lower = await Inbox.open(low, queue)
    const higher = await Inbox.open(high, queue, { priority: 5 })
    await fill(low, queue, numbers(3))
    session.stage.say('higher first', texts(await higher.take(2)))
    session.stage.say('then lower', texts(await lower.take(1)))
  }),

  'single-active-consumer': withSession(async (session) => {
    const [one, two] = [await session.channel(), await session.channel()]
    const queue = session.own('q')
    await one.assertQueue(queue, { arguments: { 'x-single-active-consumer': true } })
    await one.prefetch(1)
    const first = await Inbox.open(one, queue)
    const second = await Inbox.open(two, queue)
    await fill(one, queue, numbers(3))
    await first.take(1)
    session.stage.say('the other waits', texts(await second.rest()))
    session.stage.say('counts', await counts(two, queue))
    for (const text of ['2', '3']) {
      one.ack(first.all.at(-1)!)
      session.stage.say(`then ${text}`, texts(await first.take(1)))
    }
    one.ack(first.all.at(-1)!)
    await one.cancel(first.tag)
    await fill(two, queue, ['4'])
    session.stage.say('the other takes over', texts(await second.take(1)))
    const third = await Inbox.open(one, queue)
    await two.close()
    session.stage.say('and the next, when its channel goes', marked(await third.take(1)))
  }),

  'consumer-tags': withSession(async (session) => {
    const channel = await session.channel()
    const queue = session.own('q')
    await channel.assertQueue(queue)
    session.stage.say('own tag', await channel.consume(queue, () => {}, { consumerTag: 'mine' }))
    session.stage.say('server tag', (await channel.consume(queue, () => {})).consumerTag)
    session.stage.say('consumers', await counts(channel, queue))
    await session.refused('consume of no queue', (each) =>
      each.consume(session.own('none'), () => {}),
    )
  }),
}
