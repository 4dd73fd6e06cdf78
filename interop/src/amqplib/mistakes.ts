import { once } from 'node:events'
import amqplib from 'amqplib'
import type { Scenarios, Stage } from '../scenario.ts'
import { fill, type ReplyError, Session, texts, withSession } from './session.ts'

/** What is refused, with which code and text. */
export const MISTAKES: Scenarios = {
  'queue-equivalence': withSession(async (session) => {
    const channel = await session.channel()
    const queue = session.own('q')
    const declared = {
      durable: true,
      arguments: { 'x-message-ttl': 60_000, 'x-max-length': 10, 'x-dead-letter-exchange': 'dlx' },
    }
    await channel.assertQueue(queue, declared)
    session.stage.say('the same', await channel.assertQueue(queue, declared))
    const like = (name: string, value: unknown) => ({
      arguments: { ...declared.arguments, [name]: value },
    })
    for (const [what, options] of [
      ['durable', { ...declared, durable: false }],
      ['auto-delete', { ...declared, autoDelete: true }],
      ['exclusive', { ...declared, exclusive: true }],
      ['ttl', like('x-message-ttl', 1)],
      ['no ttl', { arguments: { 'x-max-length': 10, 'x-dead-letter-exchange': 'dlx' } }],
      ['dlx', like('x-dead-letter-exchange', 'other')],
      ['dlk', like('x-dead-letter-routing-key', 'k')],
      ['max priority', like('x-max-priority', 3)],
      ['expires', like('x-expires', 90_000)],
      ['overflow', like('x-overflow', 'reject-publish')],
      ['sac', like('x-single-active-consumer', true)],
      ['type quorum', like('x-queue-type', 'quorum')],
    ] as const) {
      await session.refused(what, (each) => each.assertQueue(queue, options))
    }
    session.stage.say(
      'type classic',
      await channel.assertQueue(queue, like('x-queue-type', 'classic')),
    )
    session.stage.say('unknown', await channel.assertQueue(queue, like('x-unknown', 1)))
  }),

  'exchange-equivalence': withSession(async (session) => {
    const channel = await session.channel()
    const exchange = session.own('x')
    session.stage.say('new', await channel.assertExchange(exchange, 'direct'))
    session.stage.say('same', await channel.assertExchange(exchange, 'direct'))
    await session.refused('type', (each) => each.assertExchange(exchange, 'topic'))
    for (const options of [{ durable: false }, { autoDelete: true }, { internal: true }]) {
      await session.refused(JSON.stringify(options), (each) =>
        each.assertExchange(exchange, 'direct', options),
      )
    }
    await session.refused('alternate', (each) =>
      each.assertExchange(exchange, 'direct', { alternateExchange: 'ae' }),
    )
    await session.refused('predeclared', (each) => each.assertExchange('amq.direct', 'fanout'))
  }),

  'queue-arguments': withSession(async (session) => {
    for (const [name, value] of [
      ['x-message-ttl', -1],
      ['x-message-ttl', 'soon'],
      ['x-message-ttl', 2 ** 40],
      ['x-expires', 0],
      ['x-expires', 'never'],
      ['x-max-length', -1],
      ['x-max-length', 'ten'],
      ['x-max-length-bytes', -1],
      ['x-max-priority', 256],
      ['x-max-priority', -1],
      ['x-max-priority', 'high'],
      ['x-overflow', 'drop-tail'],
      ['x-overflow', 1],
      ['x-dead-letter-exchange', 1],
      ['x-dead-letter-routing-key', 'without exchange'],
      ['x-dead-letter-routing-key', 1],
      ['x-single-active-consumer', 'yes'],
      ['x-queue-type', 'linear'],
      ['x-queue-type', 1],
      ['x-queue-mode', 'eager'],
    ] as const) {
      await session.refused(`${name} ${value}`, (each) =>
        each.assertQueue(session.own('q'), { arguments: { [name]: value } }),
      )
    }
  }),

  'quorum-arguments': withSession(async (session) => {
    const queue = session.own('q')
    const type = { 'x-queue-type': 'quorum' }
    await session.refused('not durable', (each) =>
      each.assertQueue(queue, { durable: false, arguments: type }),
    )
    await session.refused('exclusive', (each) =>
      each.assertQueue(queue, { exclusive: true, arguments: type }),
    )
    await session.refused('auto-delete', (each) =>
      each.assertQueue(`${queue}.auto`, { autoDelete: true, arguments: type }),
    )
    await session.refused('priority', (each) =>
      each.assertQueue(queue, { arguments: { ...type, 'x-max-priority': 3 } }),
    )
    const channel = await session.channel()
    session.stage.say('declared', await channel.assertQueue(queue, { arguments: type }))
    await session.refused('redeclared without type', (each) => each.assertQueue(queue))
  }),

  unknown: withSession(async (session) => {
    const none = session.own('none')
    await session.refused('publish', (each) => each.publish(none, 'k', Buffer.from('x')))
    await session.refused('consume', (each) => each.consume(none, () => {}))
    await session.refused('bind queue', (each) => each.bindQueue(none, 'amq.direct', 'k'))
    await session.refused('bind exchange', (each) => each.bindExchange(none, 'amq.direct', 'k'))
    await session.refused('bind from', (each) => each.bindExchange('amq.direct', none, 'k'))
    await session.refused('unbind queue', (each) => each.unbindQueue(none, 'amq.direct', 'k'))
    const channel = await session.channel()
    await channel.assertQueue(session.own('q'))
    await session.refused('bind to', (each) => each.bindQueue(session.own('q'), none, 'k'))
    await session.refused('unbind from', (each) => each.unbindQueue(session.own('q'), none, 'k'))
  }),

  reserved: withSession(async (session) => {
    await session.refused('queue amq.', (each) => each.assertQueue('amq.mine'))
    await session.refused('exchange amq.', (each) => each.assertExchange('amq.mine', 'direct'))
    await session.refused('delete amq.', (each) => each.deleteExchange('amq.direct'))
    await session.refused('declare default', (each) => each.assertExchange('', 'direct'))
    await session.refused('delete default', (each) => each.deleteExchange(''))
    const channel = await session.channel()
    await channel.assertQueue(session.own('q'))
    await session.refused('bind to default', (each) => each.bindQueue(session.own('q'), '', 'k'))
    await session.refused('unbind default', (each) => each.unbindQueue(session.own('q'), '', 'k'))
    await session.refused('bind exchange to default', (each) =>
      each.bindExchange('amq.fanout', '', 'k'),
    )
  }),

  'publish-mistakes': withSession(async (session) => {
    const channel = await session.channel()
    const queue = session.own('q')
    await channel.assertQueue(queue)
    const body = Buffer.from('x')
    for (const expiration of ['-1', 'soon', '', '1.5', '99999999999']) {
      await session.refused(`expiration '${expiration}'`, (each) =>
        each.sendToQueue(queue, body, { expiration }),
      )
    }
    await session.refused('user-id', (each) => each.sendToQueue(queue, body, { userId: 'nobody' }))
    const own = decodeURIComponent(new URL(session.stage.url).username)
    await fill(channel, queue, ['as myself'], { userId: own })
    const message = await channel.get(queue, { noAck: true })
    session.stage.say('own user-id', message && texts([message]))
  }),

  'settle-mistakes': withSession(async (session) => {
    const channel = await session.channel()
    const queue = session.own('q')
    await channel.assertQueue(queue)
    await fill(channel, queue, ['1'])
    const tag = (deliveryTag: number) => ({ fields: { deliveryTag } }) as never
    await session.refused('ack unknown', (each) => each.ack(tag(3)))
    await session.refused('nack unknown', (each) => each.nack(tag(3)))
    await session.refused('reject unknown', (each) => each.reject(tag(3)))
    await session.refused('ack multiple unknown', (each) => each.ack(tag(3), true))
    await session.refused('ack twice', async (each) => {
      const message = await each.get(queue)
      if (message) for (let times = 0; times < 2; times++) each.ack(message)
    })
    const calm = await session.channel()
    calm.ackAll()
    session.stage.say('ack all of none', (await calm.checkQueue(queue)).messageCount)
  }),

  'channel-reopened': withSession(async (session) => {
    const queue = session.own('q')
    const [good, bad] = [await session.channel(), await session.plainChannel()]
    await good.assertQueue(queue)
    const failed = once(bad, 'error')
    await bad.checkQueue(session.own('none')).catch(() => undefined)
    session.stage.say('failed', ((await failed)[0] as ReplyError).code)
    const next = await session.channel()
    await fill(next, queue, ['on the new one'])
    const message = await good.get(queue, { noAck: true })
    session.stage.say('the old one works', message && texts([message]))
  }),

  login: async (stage) => {
    await denied(stage, 'password', (url) => {
      url.password = 'wrong'
    })
    await denied(stage, 'user', (url) => {
      url.username = 'nobody'
    })
    await denied(stage, 'vhost', (url) => {
      url.pathname = '/none'
    })
  },

  'connection-mistakes': async (stage) => {
    const twice = await Session.open(stage)
    await twice.refused('consumer tag twice', async (channel) => {
      await channel.assertQueue(twice.own('q'))
      for (let times = 0; times < 2; times++) {
        await channel.consume(twice.own('q'), () => {}, { consumerTag: 'same' })
      }
    })
    const type = await Session.open(stage)
    await type.refused('exchange type', (channel) =>
      channel.assertExchange(type.own('x'), 'unheard-of'),
    )
  },
}

async function denied(stage: Stage, what: string, change: (url: URL) => void): Promise<void> {
  const url = new URL(stage.url)
  change(url)
  const error = await amqplib.connect(url.href).then(
    () => undefined,
    (reason: Error) => reason.message,
  )
  stage.say(`wrong ${what}`, error ?? 'let in')
}
