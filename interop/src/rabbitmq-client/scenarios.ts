import { Connection, ConsumerStatus } from 'rabbitmq-client'
import type { Scenario, Scenarios, Stage } from '../scenario.ts'
import { pause, until } from '../scenario.ts'

type Play = (connection: Connection, stage: Stage) => Promise<void>

function connected(play: Play, options: object = {}): Scenario {
  return async (stage) => {
    const connection = new Connection({ url: stage.url, retryLow: 100, ...options })
    connection.on('error', (error) => stage.say('connection error', (error as Error).message))
    await connection.onConnect()
    await play(connection, stage)
    await connection.close()
  }
}

async function refused(stage: Stage, what: string, act: () => Promise<unknown>): Promise<void> {
  const outcome = await act().then(
    () => 'not refused',
    (error: Error & { code?: string }) => [error.code, error.message],
  )
  stage.say(what, outcome)
}

/** The next message of a queue, once it is there. */
async function taken(connection: Connection, queue: string): Promise<unknown> {
  let body: unknown
  await until('message', async () => {
    body = (await connection.basicGet({ queue, noAck: true }))?.body
    return body !== undefined
  })
  return body
}

/** What `rabbitmq-client` does in its own way: it reconnects, a handler's answer is the ack. */
export const RABBITMQ_CLIENT: Scenarios = {
  'publisher-and-consumer': connected(async (connection, stage) => {
    const queue = stage.name
    const publisher = connection.createPublisher({
      confirm: true,
      queues: [{ queue, durable: true }],
      exchanges: [{ exchange: `${queue}.x`, type: 'topic' }],
      queueBindings: [{ exchange: `${queue}.x`, queue, routingKey: 'users.*' }],
    })
    await publisher.send(queue, 'direct')
    await publisher.send({ exchange: `${queue}.x`, routingKey: 'users.new' }, { id: 7 })
    await publisher.send({ exchange: `${queue}.x`, routingKey: 'elsewhere' }, 'lost')
    const seen: unknown[] = []
    const consumer = connection.createConsumer(
      { queue, queueOptions: { durable: true }, qos: { prefetchCount: 2 } },
      (message) => {
        const { body, contentType, durable, exchange, routingKey, redelivered } = message
        seen.push({
          body: String(body?.id ?? body),
          contentType,
          durable,
          exchange,
          routingKey,
          redelivered,
        })
        return redelivered ? ConsumerStatus.ACK : ConsumerStatus.REQUEUE
      },
    )
    await until('each twice', () => seen.length === 4)
    await consumer.close()
    stage.say('seen', seen.map((each) => JSON.stringify(each)).sort())
    await publisher.close()
    stage.say('left', await connection.queueDelete(queue))
  }),

  statuses: connected(async (connection, stage) => {
    const [queue, dead] = [stage.name, `${stage.name}.dead`]
    await connection.queueDeclare({ queue: dead, durable: true })
    const to = { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': dead }
    await connection.queueDeclare({ queue, durable: true, arguments: to })
    const publisher = connection.createPublisher({ confirm: true })
    for (const body of ['ack', 'drop', 'throw']) await publisher.send(queue, body)
    let handled = 0
    const consumer = connection.createConsumer(
      { queue, queueOptions: { durable: true, arguments: to }, requeue: false, concurrency: 1 },
      (message) => {
        handled++
        if (message.body === 'throw') throw new Error('on purpose')
        return message.body === 'drop' ? ConsumerStatus.DROP : ConsumerStatus.ACK
      },
    )
    consumer.on('error', () => undefined)
    await until('all', () => handled === 3)
    await consumer.close()
    for (const _ of ['drop', 'throw']) {
      stage.say('dead', await taken(connection, dead))
    }
    await publisher.close()
  }),

  rpc: connected(async (connection, stage) => {
    const queue = stage.name
    const server = connection.createConsumer(
      { queue, queueOptions: { autoDelete: true } },
      (call, reply) => reply(`${call.body}!`),
    )
    await new Promise<void>((resolve) => server.on('ready', resolve))
    const client = connection.createRPCClient({ confirm: true })
    const answers = await Promise.all(['a', 'b', 'c'].map((body) => client.send(queue, body)))
    stage.say(
      'answers',
      answers.map(({ body }) => body),
    )
    await client.close()
    await server.close()
  }),

  'returned-and-confirmed': connected(async (connection, stage) => {
    const publisher = connection.createPublisher({
      confirm: true,
      onReturn: ({ replyCode, replyText, body }) =>
        stage.say('returned', [replyCode, replyText, body]),
    })
    await publisher.send({ exchange: 'amq.direct', routingKey: 'none', mandatory: true }, 'x')
    stage.say('confirmed')
    await publisher.close()
  }),

  nacked: connected(async (connection, stage) => {
    const limits = { 'x-max-length': 1, 'x-overflow': 'reject-publish' } as const
    await connection.queueDeclare({ queue: stage.name, durable: true, arguments: limits })
    const publisher = connection.createPublisher({ confirm: true })
    await publisher.send(stage.name, '1')
    await refused(stage, 'over the limit', () => publisher.send(stage.name, '2'))
    await publisher.close()
  }),

  mistakes: connected(async (connection, stage) => {
    const queue = stage.name
    await refused(stage, 'passive', () => connection.queueDeclare({ queue, passive: true }))
    await refused(stage, 'get', () => connection.basicGet(queue))
    await refused(stage, 'bind', () =>
      connection.queueBind({ queue, exchange: 'amq.direct', routingKey: '' }),
    )
    await connection.queueDeclare({ queue, durable: true })
    await refused(stage, 'inequivalent', () => connection.queueDeclare({ queue, autoDelete: true }))
    const publisher = connection.createPublisher({ confirm: true, maxAttempts: 1 })
    await refused(stage, 'no exchange', () =>
      publisher.send({ exchange: 'none', routingKey: '' }, 'x'),
    )
    await publisher.send(queue, 'still alive')
    stage.say('got', (await connection.basicGet(queue))?.body)
    await publisher.close()
  }),

  reconnects: connected(async (connection, stage) => {
    const queue = stage.name
    const seen: unknown[] = []
    const consumer = connection.createConsumer(
      { queue, queueOptions: { durable: true } },
      ({ body }) => {
        seen.push(body)
      },
    )
    await new Promise<void>((resolve) => consumer.on('ready', resolve))
    const again = new Promise<void>((resolve) => consumer.on('ready', resolve))
    const { _socket: socket } = connection as unknown as { _socket: { destroy(): void } }
    connection.removeAllListeners('error')
    connection.on('error', () => undefined)
    socket.destroy()
    await again
    const publisher = connection.createPublisher({ confirm: true })
    await publisher.send(queue, 'after the cut')
    await until('it', () => seen.length === 1)
    stage.say('seen', seen)
    await consumer.close()
    await publisher.close()
  }),

  channels: connected(
    async (connection, stage) => {
      const channels = await Promise.all([1, 2, 3].map(() => connection.acquire()))
      for (const channel of channels) {
        await channel.confirmSelect()
        await channel.queueDeclare({ queue: stage.name, durable: true })
        await channel.basicPublish(stage.name, 'x')
      }
      await pause(50)
      stage.say('all there', await channels[0]!.queueDeclare({ queue: stage.name, passive: true }))
      for (const channel of channels) await channel.close()
    },
    { maxChannels: 8, frameMax: 8_192, heartbeat: 2 },
  ),
}
