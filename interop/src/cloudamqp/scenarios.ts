import { type AMQPChannel, AMQPClient, type AMQPMessage } from '@cloudamqp/amqp-client'
import type { Scenario, Scenarios, Stage } from '../scenario.ts'
import { pause, until } from '../scenario.ts'

type Play = (channel: AMQPChannel, stage: Stage, client: AMQPClient) => Promise<void>

/** With a connection and a channel, closed at the end. */
function withChannel(play: Play): Scenario {
  return async (stage) => {
    const client = new AMQPClient(stage.url)
    await client.connect()
    await play(await client.channel(), stage, client)
    await client.close()
  }
}

const seen = (message: AMQPMessage): object => ({
  body: message.bodyString(),
  exchange: message.exchange,
  key: message.routingKey,
  redelivered: message.redelivered,
  tag: message.deliveryTag,
  properties: message.properties,
})

const text = (message: AMQPMessage | null): string | null => message?.bodyString() ?? null

async function refused(stage: Stage, client: AMQPClient, what: string, act: Act): Promise<void> {
  const channel = await client.channel()
  const told = new Promise<string>((resolve) => {
    channel.onerror = resolve
  })
  const thrown = act(channel).then(
    () => told,
    (error: Error) => error.message,
  )
  const late = pause(3_000).then(() => 'not refused')
  stage.say(what, await Promise.race([thrown, late]))
}

type Act = (channel: AMQPChannel) => Promise<unknown>

const LASTING = { durable: true, autoDelete: false }

/** What `@cloudamqp/amqp-client` does in its own way; and transactions, which amqplib has not. */
export const CLOUDAMQP: Scenarios = {
  'consume-and-ack': withChannel(async (channel, stage) => {
    stage.say('declared', await channel.queueDeclare(stage.name, LASTING))
    await channel.confirmSelect()
    const properties = { messageId: 'm', headers: { n: 1, deep: { list: [1, 'two'] } } }
    stage.say('confirmed', await channel.basicPublish('', stage.name, 'hello', properties))
    stage.say('confirmed', await channel.basicPublish('', stage.name, 'there', { deliveryMode: 2 }))
    const messages: AMQPMessage[] = []
    const consumer = await channel.basicConsume(stage.name, { noAck: false }, (message) => {
      messages.push(message)
    })
    await until('two', () => messages.length === 2)
    stage.say('received', messages.map(seen))
    await messages[0]!.ack()
    await messages[1]!.nack(true)
    await until('it again', () => messages.length === 3)
    stage.say('again', seen(messages[2]!))
    await messages[2]!.reject(false)
    await consumer.cancel()
    stage.say('left', await channel.queueDelete(stage.name))
  }),

  'many-confirms': withChannel(async (channel, stage) => {
    await channel.queueDeclare(stage.name, LASTING)
    await channel.confirmSelect()
    const all = Array.from({ length: 300 }, () => channel.basicPublish('', stage.name, 'x'))
    const tags = await Promise.all(all)
    stage.say('tags', [tags.length, tags[0], tags.at(-1)])
    stage.say('there', (await channel.queueDeclare(stage.name, { passive: true })).messageCount)
  }),

  'publish-then-get': withChannel(async (channel, stage) => {
    await channel.queueDeclare(stage.name, LASTING)
    for (const size of [1, 1_000, 300_000]) {
      await channel.basicPublish('', stage.name, 'x'.repeat(size), { deliveryMode: 2 })
      const message = await channel.basicGet(stage.name, { noAck: false })
      stage.say(`${size} bytes`, message?.bodySize)
      await message?.ack()
    }
  }),

  'publish-then-purge': withChannel(async (channel, stage) => {
    await channel.queueDeclare(stage.name, LASTING)
    for (let at = 0; at < 20; at++) await channel.basicPublish('', stage.name, 'x')
    stage.say('purged', await channel.queuePurge(stage.name))
    await channel.basicPublish('', stage.name, 'x')
    stage.say('deleted', await channel.queueDelete(stage.name))
  }),

  exchanges: withChannel(async (channel, stage) => {
    const [source, target] = [`${stage.name}.s`, `${stage.name}.t`]
    await channel.exchangeDeclare(source, 'topic', LASTING)
    await channel.exchangeDeclare(target, 'fanout', LASTING)
    await channel.exchangeBind(target, source, 'a.#')
    await channel.queueDeclare(stage.name, LASTING)
    await channel.queueBind(stage.name, target, '')
    await channel.confirmSelect()
    await channel.basicPublish(source, 'a.b', '1')
    await channel.basicPublish(source, 'b', '2')
    stage.say('got', text(await channel.basicGet(stage.name)))
    stage.say('no more', text(await channel.basicGet(stage.name)))
    await channel.exchangeUnbind(target, source, 'a.#')
    await channel.queueUnbind(stage.name, target, '')
    await channel.exchangeDelete(source)
    await channel.exchangeDelete(target)
  }),

  returns: withChannel(async (channel, stage) => {
    channel.onReturn = (message) => {
      const { replyCode, replyText, exchange, routingKey } = message
      stage.say('returned', [replyCode, replyText, exchange, routingKey, text(message)])
    }
    await channel.confirmSelect()
    await channel.basicPublish('amq.topic', 'nobody', 'x', { messageId: 'm' }, true)
    stage.say('confirmed')
  }),

  'tx-commit': withChannel(async (channel, stage, client) => {
    const look = await client.channel()
    await look.queueDeclare(stage.name, LASTING)
    await look.confirmSelect()
    await look.basicPublish('', stage.name, 'before')
    await channel.txSelect()
    await (await channel.basicGet(stage.name, { noAck: false }))?.ack()
    for (const body of ['a', 'b']) await channel.basicPublish('', stage.name, body)
    await channel.basicQos(1)
    stage.say('before the commit', await look.queueDeclare(stage.name, { passive: true }))
    await channel.txCommit()
    stage.say('after it', await look.queueDeclare(stage.name, { passive: true }))
    await channel.basicPublish('', stage.name, 'never')
    await channel.txRollback()
    await channel.close()
    for (const what of ['first', 'second', 'none']) {
      stage.say(what, text(await look.basicGet(stage.name)))
    }
  }),

  'tx-rollback': withChannel(async (channel, stage, client) => {
    const look = await client.channel()
    await look.queueDeclare(stage.name, LASTING)
    await look.confirmSelect()
    await look.basicPublish('', stage.name, '1')
    await channel.txSelect()
    const tag = (await channel.basicGet(stage.name, { noAck: false }))?.deliveryTag ?? 0
    await channel.basicAck(tag)
    await channel.txRollback()
    await channel.basicPublish('', stage.name, '2')
    await channel.txCommit()
    await channel.basicAck(tag)
    await channel.txRollback()
    await channel.close()
    const count = async () => (await look.queueDeclare(stage.name, { passive: true })).messageCount
    await until('requeue', async () => (await count()) === 2)
    stage.say('first', (await look.basicGet(stage.name))?.redelivered)
    stage.say('second', (await look.basicGet(stage.name))?.redelivered)
  }),

  mistakes: withChannel(async (_channel, stage, client) => {
    await refused(stage, client, 'unknown queue', (each) => each.basicGet(`${stage.name}.none`))
    await refused(stage, client, 'unknown exchange', (each) => each.basicPublish('none', '', 'x'))
    await refused(stage, client, 'bind', (each) => each.queueBind('none', 'amq.direct', ''))
    await refused(stage, client, 'ack', (each) => each.basicAck(5))
    await refused(stage, client, 'commit', (each) => each.txCommit())
    await refused(stage, client, 'inequivalent', async (each) => {
      await each.queueDeclare(stage.name, LASTING)
      await each.queueDeclare(stage.name, { durable: false, autoDelete: false })
    })
    const good = await client.channel()
    stage.say('the connection lives', (await good.queueDeclare('', { exclusive: true })).name)
  }),

  flow: withChannel(async (channel, stage) => {
    stage.say('active', await channel.basicFlow(true))
    await channel.queueDeclare(stage.name, LASTING)
    await channel.confirmSelect()
    await channel.basicPublish('', stage.name, '1')
    await channel.basicGet(stage.name, { noAck: false })
    await channel.basicRecover(true)
    await until('requeue', async () => {
      return (await channel.queueDeclare(stage.name, { passive: true })).messageCount === 1
    })
    stage.say('recovered', (await channel.basicGet(stage.name))?.redelivered)
  }),

  'small-frames': async (stage) => {
    const url = new URL(stage.url)
    url.search = '?frameMax=8192&heartbeat=1'
    const client = new AMQPClient(url.href)
    await client.connect()
    stage.say('agreed', [client.frameMax, client.heartbeat])
    const channel = await client.channel()
    await channel.queueDeclare(stage.name, LASTING)
    await channel.confirmSelect()
    await channel.basicPublish('', stage.name, 'x'.repeat(100_000))
    stage.say('through', (await channel.basicGet(stage.name))?.bodySize)
    await pause(3_000)
    stage.say('alive', (await channel.queueDeclare(stage.name, { passive: true })).messageCount)
    await client.close()
  },
}
