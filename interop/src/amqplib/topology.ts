import type { Scenarios } from '../scenario.ts'
import { pause, until } from '../scenario.ts'
import { counts, drain, fill, Inbox, Session, texts, whole, withSession } from './session.ts'

/** Queues and exchanges: kinds, lives, what may be declared again. */
export const TOPOLOGY: Scenarios = {
  'exclusive-queue': async (stage) => {
    const [owner, other] = [await Session.open(stage), await Session.open(stage)]
    const channel = await owner.channel()
    const queue = owner.own('q')
    await channel.assertQueue(queue, { exclusive: true })
    await other.refused('declare', (each) => each.assertQueue(queue, { exclusive: true }))
    await other.refused('passive', (each) => each.checkQueue(queue))
    await other.refused('consume', (each) => each.consume(queue, () => {}))
    await other.refused('get', (each) => each.get(queue))
    await other.refused('purge', (each) => each.purgeQueue(queue))
    await other.refused('bind', (each) => each.bindQueue(queue, 'amq.direct', 'k'))
    await other.refused('delete', (each) => each.deleteQueue(queue))
    const [publisher] = [await other.channel()]
    await fill(publisher, queue, ['others may publish'])
    stage.say('got', texts(await drain(channel, queue)))
    await owner.refused('again, not exclusive', (each) => each.assertQueue(queue))
    await owner.close()
    await pause()
    await other.refused('gone with its connection', (each) => each.checkQueue(queue))
    await other.close()
  },

  'auto-delete': withSession(async (session) => {
    const channel = await session.channel()
    const queue = session.own('q')
    await channel.assertQueue(queue, { autoDelete: true })
    await fill(channel, queue, ['x'])
    session.stage.say('without a consumer it stays', await counts(channel, queue))
    const [first, second] = [await Inbox.open(channel, queue), await Inbox.open(channel, queue)]
    await channel.cancel(first.tag)
    session.stage.say('with one left it stays', (await counts(channel, queue))[1])
    await channel.cancel(second.tag)
    await session.refused('then it goes', (each) => each.checkQueue(queue))
    const exchange = session.own('x')
    await channel.assertExchange(exchange, 'direct', { autoDelete: true })
    await channel.assertQueue(queue)
    await channel.bindQueue(queue, exchange, 'a')
    await channel.bindQueue(queue, exchange, 'b')
    await channel.unbindQueue(queue, exchange, 'a')
    session.stage.say('bound, it stays', await channel.checkExchange(exchange))
    await channel.deleteQueue(queue)
    await session.refused('unbound, it goes', (each) => each.checkExchange(exchange))
  }),

  'server-named': withSession(async (session) => {
    const channel = await session.channel()
    const { queue } = await channel.assertQueue()
    session.stage.say('named', queue)
    await fill(channel, queue, ['x'])
    await session.refused('passive', (each) => each.checkQueue(''))
    const got = await channel.get('')
    session.stage.say('got', got && texts([got]))
    await channel.bindQueue('', 'amq.direct', session.own('k'))
    session.stage.say('deleted', await channel.deleteQueue(''))
    await session.refused('none declared', (each) => each.get(''))
    await session.refused('none to consume', (each) => each.consume('', () => {}))
    await session.refused('none to bind', (each) => each.bindQueue('', 'amq.direct', ''))
  }),

  passive: withSession(async (session) => {
    const channel = await session.channel()
    const queue = session.own('q')
    await channel.assertQueue(queue)
    await fill(channel, queue, ['1', '2'])
    await Inbox.open(channel, queue)
    await pause()
    session.stage.say('queue', await channel.checkQueue(queue))
    session.stage.say('exchange', await channel.checkExchange('amq.topic'))
    for (const type of ['direct', 'fanout', 'topic', 'headers', 'match']) {
      session.stage.say(`amq.${type}`, await channel.checkExchange(`amq.${type}`))
    }
    await session.refused('default exchange', (each) => each.checkExchange(''))
    await session.refused('no queue', (each) => each.checkQueue(session.own('none')))
    await session.refused('no exchange', (each) => each.checkExchange(session.own('none')))
  }),

  'delete-and-purge': withSession(async (session) => {
    const channel = await session.channel()
    const queue = session.own('q')
    await channel.assertQueue(queue)
    await fill(channel, queue, ['1', '2', '3'])
    const held = await channel.get(queue)
    session.stage.say('purged', await channel.purgeQueue(queue))
    if (held) channel.nack(held)
    await until('requeue', async () => (await counts(channel, queue))[0] === 1)
    await session.refused('not empty', (each) => each.deleteQueue(queue, { ifEmpty: true }))
    const inbox = await Inbox.open(channel, queue, { noAck: true })
    await inbox.take(1)
    await session.refused('used', (each) => each.deleteQueue(queue, { ifUnused: true }))
    await channel.cancel(inbox.tag)
    const strict = { ifUnused: true, ifEmpty: true }
    session.stage.say('deleted', await channel.deleteQueue(queue, strict))
    session.stage.say('of nothing', await channel.deleteQueue(queue))
    session.stage.say('exchange of nothing', await channel.deleteExchange(session.own('none')))
    const exchange = session.own('x')
    await channel.assertExchange(exchange, 'direct')
    await channel.assertQueue(queue)
    await channel.bindQueue(queue, exchange, '')
    await session.refused('exchange in use', (each) =>
      each.deleteExchange(exchange, { ifUnused: true }),
    )
    session.stage.say('deleted', await channel.deleteExchange(exchange))
    await session.refused('purge of nothing', (each) => each.purgeQueue(session.own('none')))
  }),

  'exchange-to-exchange': withSession(async (session) => {
    const channel = await session.channel()
    const [source, middle, queue] = [session.own('s'), session.own('m'), session.own('q')]
    await channel.assertExchange(source, 'topic')
    await channel.assertExchange(middle, 'direct')
    await channel.assertQueue(queue)
    session.stage.say('bound', await channel.bindExchange(middle, source, 'a.#'))
    await channel.bindExchange(source, middle, 'a.loop')
    await channel.bindQueue(queue, middle, 'a.b')
    await channel.bindQueue(queue, middle, 'a.loop')
    for (const key of ['a.b', 'a.loop', 'a.c', 'b']) channel.publish(source, key, Buffer.from(key))
    await channel.waitForConfirms()
    session.stage.say('got', (await drain(channel, queue)).map(whole))
    session.stage.say('unbound', await channel.unbindExchange(middle, source, 'a.#'))
    channel.publish(source, 'a.b', Buffer.from('x'), { mandatory: true })
    channel.on('return', (message) => session.stage.say('returned', whole(message)))
    await channel.waitForConfirms()
  }),

  'alternate-exchange': withSession(async (session) => {
    const channel = await session.channel()
    const [exchange, other, queue] = [session.own('x'), session.own('ae'), session.own('q')]
    await channel.assertExchange(other, 'fanout')
    await channel.assertExchange(exchange, 'direct', { alternateExchange: other })
    await channel.assertQueue(queue)
    channel.on('return', (message) => session.stage.say('returned', whole(message)))
    channel.publish(exchange, 'k', Buffer.from('nobody yet'), { mandatory: true })
    await channel.waitForConfirms()
    await channel.bindQueue(queue, other, '')
    channel.publish(exchange, 'k', Buffer.from('to the other'), { mandatory: true })
    await channel.bindQueue(queue, exchange, 'k')
    channel.publish(exchange, 'k', Buffer.from('direct'))
    await channel.waitForConfirms()
    session.stage.say('got', (await drain(channel, queue)).map(whole))
  }),

  'internal-exchange': withSession(async (session) => {
    const channel = await session.channel()
    const [inner, outer, queue] = [session.own('in'), session.own('out'), session.own('q')]
    await channel.assertExchange(inner, 'fanout', { internal: true })
    await channel.assertExchange(outer, 'fanout')
    await channel.bindExchange(inner, outer, '')
    await channel.assertQueue(queue)
    await channel.bindQueue(queue, inner, '')
    channel.publish(outer, '', Buffer.from('through'))
    await channel.waitForConfirms()
    session.stage.say('got', texts(await drain(channel, queue)))
    await session.refused('publish', (each) => each.publish(inner, '', Buffer.from('x')))
  }),

  names: withSession(async (session) => {
    const channel = await session.channel()
    const long = 'x'.repeat(240 - session.stage.name.length)
    for (const name of ['ä ☃', 'with space', 'a/b', long]) {
      const queue = session.own(name)
      await channel.assertQueue(queue)
      await fill(channel, queue, [name])
      session.stage.say('got', (await drain(channel, queue)).map(whole))
    }
    const broken = await channel.assertQueue(`${session.own('line')}\r\nbreak`)
    session.stage.say('line break', broken.queue)
  }),
}
