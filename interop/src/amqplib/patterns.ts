import type { Scenarios } from '../scenario.ts'
import { drain, fill, Inbox, numbers, texts, whole, withSession } from './session.ts'

/** The ways of the tutorials: simple, work, publish/subscribe, routing, topics, headers, RPC. */
export const PATTERNS: Scenarios = {
  simple: withSession(async (session) => {
    const { stage } = session
    const channel = await session.channel()
    const queue = session.own('q')
    stage.say('declared', await channel.assertQueue(queue))
    await fill(channel, queue, ['hello'])
    stage.say('declared again', await channel.assertQueue(queue))
    const inbox = await Inbox.open(channel, queue)
    const [message] = await inbox.take(1)
    stage.say('received', whole(message!))
    channel.ack(message!)
    stage.say('cancelled', await channel.cancel(inbox.tag))
    stage.say('left', await channel.deleteQueue(queue))
  }),

  'work-queue': withSession(async (session) => {
    const channel = await session.channel()
    const queue = session.own('q')
    await channel.assertQueue(queue)
    await fill(channel, queue, numbers(6))
    const workers = await Promise.all([1, 2].map(() => session.channel()))
    const inboxes: Inbox[] = []
    for (const worker of workers) {
      await worker.prefetch(2)
      inboxes.push(await Inbox.open(worker, queue))
      session.stage.say('its share', texts(await inboxes.at(-1)!.take(2)))
    }
    const second = inboxes[1]!.all
    workers[1]!.ack(second[0]!)
    session.stage.say('the free one gets the next', texts(await inboxes[1]!.take(1)))
    session.stage.say('the busy one nothing', texts(await inboxes[0]!.rest()))
    workers[0]!.ackAll()
    session.stage.say('then the rest', texts(await inboxes[0]!.take(1)))
  }),

  'publish-subscribe': withSession(async (session) => {
    const channel = await session.channel()
    const exchange = session.own('logs')
    session.stage.say('declared', await channel.assertExchange(exchange, 'fanout'))
    const queues = [session.own('a'), session.own('b')]
    for (const queue of queues) {
      await channel.assertQueue(queue, { exclusive: true })
      await channel.bindQueue(queue, exchange, 'whatever')
    }
    channel.publish(exchange, '', Buffer.from('all'))
    await channel.waitForConfirms()
    for (const queue of queues) {
      session.stage.say('got', (await drain(channel, queue)).map(whole))
    }
  }),

  routing: withSession(async (session) => {
    const channel = await session.channel()
    const exchange = session.own('x')
    await channel.assertExchange(exchange, 'direct')
    const [errors, all] = [session.own('errors'), session.own('all')]
    for (const queue of [errors, all]) await channel.assertQueue(queue)
    await channel.bindQueue(errors, exchange, 'error')
    for (const key of ['info', 'error', 'error', '']) await channel.bindQueue(all, exchange, key)
    for (const key of ['error', 'info', 'debug', '']) {
      channel.publish(exchange, key, Buffer.from(`<${key}>`))
    }
    await channel.waitForConfirms()
    session.stage.say('errors', texts(await drain(channel, errors)))
    session.stage.say('all', texts(await drain(channel, all)))
    await channel.unbindQueue(all, exchange, 'error')
    await channel.unbindQueue(all, exchange, 'never bound')
    channel.publish(exchange, 'error', Buffer.from('after unbind'))
    await channel.waitForConfirms()
    session.stage.say('after unbind', texts(await drain(channel, all)))
  }),

  topic: withSession(async (session) => {
    const channel = await session.channel()
    const exchange = session.own('x')
    await channel.assertExchange(exchange, 'topic')
    const keys = ['a', 'a.b', 'a.b.c', 'a..c', '', '.', 'b.a', 'a.x.b', 'a.b.b', 'A.b', '*.b', '#']
    for (const pattern of [
      '#',
      '*',
      'a.*',
      'a.#',
      '*.b',
      '#.b',
      'a.*.b',
      'a.#.b',
      '',
      '*.*',
      '#.#',
    ]) {
      const { queue } = await channel.assertQueue(session.own(`q ${pattern}`))
      await channel.bindQueue(queue, exchange, pattern)
    }
    for (const key of keys) channel.publish(exchange, key, Buffer.from(key))
    await channel.waitForConfirms()
    for (const pattern of [
      '#',
      '*',
      'a.*',
      'a.#',
      '*.b',
      '#.b',
      'a.*.b',
      'a.#.b',
      '',
      '*.*',
      '#.#',
    ]) {
      const queue = session.own(`q ${pattern}`)
      session.stage.say(`matched ${pattern}`, texts(await drain(channel, queue)))
    }
  }),

  headers: withSession(async (session) => {
    const channel = await session.channel()
    const exchange = session.own('x')
    await channel.assertExchange(exchange, 'headers')
    const bindings = {
      all: { 'x-match': 'all', a: 1, b: 'two' },
      any: { 'x-match': 'any', a: 1, b: 'two' },
      'no x-match': { a: 1, b: 'two' },
      'all-with-x': { 'x-match': 'all-with-x', 'x-a': 1 },
      'any-with-x': { 'x-match': 'any-with-x', 'x-a': 1, c: true },
      'all, x ignored': { 'x-match': 'all', 'x-a': 9, a: 1 },
      'empty all': { 'x-match': 'all' },
      'empty any': { 'x-match': 'any' },
      'present only': { 'x-match': 'all', a: null },
    }
    for (const [name, headers] of Object.entries(bindings)) {
      await channel.assertQueue(session.own(name))
      await channel.bindQueue(session.own(name), exchange, '', headers)
    }
    const sent = [
      { a: 1, b: 'two' },
      { a: 1 },
      { a: '1', b: 'two' },
      { a: 1.5, b: 'TWO' },
      { 'x-a': 1 },
      { c: true },
      {},
    ]
    for (const headers of sent) {
      channel.publish(exchange, '', Buffer.from(JSON.stringify(headers)), { headers })
    }
    channel.publish(exchange, '', Buffer.from('no headers'))
    await channel.waitForConfirms()
    for (const name of Object.keys(bindings)) {
      session.stage.say(name, texts(await drain(channel, session.own(name))))
    }
    await session.refused('bad x-match', (each) =>
      each.bindQueue(session.own('all'), exchange, '', { 'x-match': 'some' }),
    )
  }),

  rpc: withSession(async (session) => {
    const [server, client] = [await session.channel(), await session.channel()]
    const queue = session.own('rpc')
    await server.assertQueue(queue)
    await server.consume(queue, (call) => {
      if (!call) return
      const { replyTo, correlationId } = call.properties
      server.sendToQueue(replyTo, Buffer.from(`${call.content}!`), { correlationId })
      server.ack(call)
    })
    const { queue: replies } = await client.assertQueue('', { exclusive: true })
    const inbox = await Inbox.open(client, replies, { noAck: true })
    for (const correlationId of ['1', '2']) {
      const options = { correlationId, replyTo: replies }
      client.sendToQueue(queue, Buffer.from(`call ${correlationId}`), options)
    }
    session.stage.say('answers', (await inbox.take(2)).map(whole))
  }),
}
