import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { AMQPClient } from '@cloudamqp/amqp-client'
import { encodeTable } from '@hufu/wire/amqp091'
import { type House, house } from './door.fixture.ts'
import {
  CONSUME,
  DECLARE,
  headerPayload,
  methodFrame,
  publishOf,
  RawClient,
  rawFrame,
} from './hostile-client.fixture.ts'

/** Longer than the broker's 400 days, ms. */
const TOO_LATE = 40_000_000_000

const DELAYED = {
  type: 'x-delayed-message',
  options: { durable: true, arguments: { 'x-delayed-type': 'direct' } },
}

/** A house with the queue `q` behind the delaying exchange `later`, key `k`. */
async function withDelays(t: TestContext): Promise<House> {
  const made = await house(t)
  const client = await made.client()
  const channel = await client.createChannel()
  await channel.assertExchange('later', DELAYED.type, DELAYED.options)
  await channel.assertQueue('q')
  await channel.bindQueue('q', 'later', 'k')
  await client.close()
  return made
}

/** Somebody else can publish. */
async function canPublish(made: House): Promise<void> {
  const client = await made.client()
  const channel = await client.createConfirmChannel()
  await channel.assertQueue('q')
  for (let n = 0; n < 5; n++) {
    channel.sendToQueue('q', Buffer.from('x'))
    await channel.waitForConfirms()
  }
  await client.close()
}

const Q = 'amqp/%2F/q'

/** Name, ready and unsettled messages of each queue. */
const countsOf = ({ broker }: House) =>
  broker.queues().map(({ name, ready, unsettled }) => [name, ready, unsettled])

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 10))
}

/** The payload of a content header with `x-delay`. */
function delayHeader(bodySize: number): Buffer {
  const table = encodeTable([['x-delay', { type: 'l', value: BigInt(TOO_LATE) }]])
  const header = Buffer.alloc(18 + table.length)
  header.writeUInt16BE(60, 0)
  header.writeBigUInt64BE(BigInt(bodySize), 4)
  header.writeUInt16BE(1 << 13, 12)
  header.writeUInt32BE(table.length, 14)
  header.set(table, 18)
  return header
}

describe('what the core refuses late', { timeout: 60_000 }, () => {
  it('closes its channel alone, and what came with it is stored', async (t) => {
    const made = await withDelays(t)
    const client = await made.client()
    const [wrong, right] = [await client.createConfirmChannel(), await client.createChannel()]
    const refused = new Promise<Error>((resolve) => wrong.once('error', resolve))
    wrong.sendToQueue('q', Buffer.from('before'))
    wrong.publish('later', 'k', Buffer.from('wrong'), { headers: { 'x-delay': TOO_LATE } })
    wrong.sendToQueue('q', Buffer.from('behind'))
    assert.match((await refused).message, /406.*delayMs is 40000000000, limit/)
    assert.equal((await right.checkQueue('q')).messageCount, 2)
    await client.close()
  })

  it('is not on its way for ever: others publish as before', async (t) => {
    const made = await withDelays(t)
    const client = await made.client()
    const body = Buffer.alloc(8 << 20)
    for (let n = 0; n < 5; n++) {
      const channel = await client.createChannel()
      const refused = new Promise((resolve) => channel.once('error', resolve))
      channel.publish('later', 'k', body, { headers: { 'x-delay': TOO_LATE } })
      await refused
    }
    await canPublish(made)
    await client.close()
  })

  it('harms nobody where it had to wait for a method before it', async (t) => {
    const made = await withDelays(t)
    const client = await RawClient.open(made.port)
    await client.channel(1)
    client.send(
      Buffer.concat([
        methodFrame(1, { ...DECLARE, queue: 'slow' }),
        methodFrame(1, publishOf('k', 'later')),
        rawFrame(2, 1, delayHeader(1)),
        rawFrame(3, 1, Buffer.from('x')),
      ]),
    )
    assert.equal(await client.verdict(), 'channel 406')
    await canPublish(made)
    await client.drop()
  })

  it('leaves no consumer behind that came with it', async (t) => {
    const made = await withDelays(t)
    const client = await RawClient.open(made.port)
    await client.channel(1)
    const wrong = [methodFrame(1, publishOf('k', 'later')), rawFrame(2, 1, delayHeader(1))]
    client.send(
      Buffer.concat([...wrong, rawFrame(3, 1, Buffer.from('x')), methodFrame(1, CONSUME)]),
    )
    assert.equal(await client.verdict(), 'channel 406')
    await canPublish(made)
    await client.drop()
    await until(() => made.broker.queue(Q)?.consumers === 0)
    assert.deepEqual(countsOf(made), [[Q, 5, 0]])
  })
})

describe('a connection that fails while its channels wait for the disk', {
  timeout: 60_000,
}, () => {
  it('leaves no consumer behind, and no exclusive queue', async (t) => {
    const made = await house(t)
    const client = await RawClient.open(made.port)
    await client.channel(1)
    await client.channel(2)
    client.say(1, DECLARE)
    await client.next('queue.declare-ok')
    const persistent = Buffer.concat([headerPayload(1), Buffer.from([2])])
    persistent.writeUInt16BE(1 << 12, 12)
    client.send(
      Buffer.concat([
        ...[methodFrame(1, publishOf('q')), rawFrame(2, 1, persistent)],
        rawFrame(3, 1, Buffer.from('x')),
        methodFrame(1, { name: 'basic.get', queue: 'q', noAck: false }),
        methodFrame(2, { ...DECLARE, queue: 'mine', exclusive: true, durable: false }),
        // A body that belongs to nothing.
        rawFrame(3, 3, Buffer.from('boo')),
      ]),
    )
    assert.match(await client.verdict(), /^connection 50/)
    await client.drop()
    await until(() => made.broker.queues().length === 1 && made.broker.queue(Q)?.ready === 1)
    assert.deepEqual(countsOf(made), [[Q, 1, 0]])
  })
})

describe('an open transaction', { timeout: 60_000 }, () => {
  it('with much in it stops neither its connection nor others', async (t) => {
    const made = await house(t)
    const clients: AMQPClient[] = []
    const commits: (() => Promise<unknown>)[] = []
    for (let n = 0; n < 9; n++) {
      const client = new AMQPClient(made.url)
      await client.connect()
      clients.push(client)
      await (await client.channel()).queueDeclare('q', { autoDelete: false })
      for (let channels = 0; channels < 3; channels++) {
        const channel = await client.channel()
        await channel.txSelect()
        for (let i = 0; i < 9; i++) await channel.basicPublish('', 'q', 'x'.repeat(110_000))
        commits.push(() => channel.txCommit())
      }
    }
    await canPublish(made)
    for (const commit of commits) await commit()
    const plain = await clients[0]!.channel()
    const { messageCount } = await plain.queueDeclare('q', { passive: true })
    assert.equal(messageCount, 9 * 3 * 9 + 5)
    for (const client of clients) await client.close()
  })

  it('with many acks is committed without holding up the others', async (t) => {
    const made = await house(t)
    const client = new AMQPClient(made.url)
    await client.connect()
    const channel = await client.channel()
    await channel.queueDeclare('q', { autoDelete: false })
    await channel.confirmSelect()
    for (let n = 0; n < 30_000; n++) void channel.basicPublish('', 'q', 'x')
    await channel.basicPublish('', 'q', 'last')
    const taking = await client.channel()
    await taking.txSelect()
    let taken = 0
    const all = new Promise<void>((resolve) => {
      void taking.basicConsume('q', { noAck: false }, () => {
        if (++taken === 30_001) resolve()
      })
    })
    await all
    let [last, longest] = [performance.now(), 0]
    const timer = setInterval(() => {
      longest = Math.max(longest, performance.now() - last)
      last = performance.now()
    }, 10)
    await taking.basicAck(0, true)
    await taking.txCommit()
    clearInterval(timer)
    // It took six seconds when each ack copied those before it.
    assert.ok(longest < 2_000, `${longest} ms`)
    assert.equal((await taking.queueDeclare('q', { passive: true })).messageCount, 0)
    await client.close()
  })

  it('that is refused gives back what a cancelled consumer had acked in it', async (t) => {
    const made = await house(t)
    const client = new AMQPClient(made.url)
    await client.connect()
    const [plain, channel] = [await client.channel(), await client.channel()]
    await plain.queueDeclare('work', { autoDelete: false })
    const full = { 'x-max-length': 1, 'x-overflow': 'reject-publish' }
    await plain.queueDeclare('full', { autoDelete: false }, full)
    await plain.confirmSelect()
    await plain.basicPublish('', 'work', 'job')
    await channel.txSelect()
    const came = Promise.withResolvers<number>()
    const consumer = await channel.basicConsume('work', { noAck: false }, ({ deliveryTag }) => {
      came.resolve(deliveryTag)
    })
    await channel.basicAck(await came.promise)
    await channel.basicCancel(consumer.tag)
    for (let n = 0; n < 3; n++) await channel.basicPublish('', 'full', 'x')
    await assert.rejects(channel.txCommit())
    const count = async () => (await plain.queueDeclare('work', { passive: true })).messageCount
    while ((await count()) === 0) await new Promise((resolve) => setTimeout(resolve, 10))
    await client.close()
  })
})

describe('many large messages at once', { timeout: 60_000 }, () => {
  it('are stored one after the other: none of their clients is turned away', async (t) => {
    const made = await house(t)
    const body = Buffer.alloc(15 << 20)
    const publish = async (n: number) => {
      const client = await made.client()
      const channel = await client.createConfirmChannel()
      const queue = `large-${n}`
      await channel.assertQueue(queue)
      for (let messages = 0; messages < 2; messages++) {
        channel.sendToQueue(queue, body)
        await channel.waitForConfirms()
      }
      await client.close()
    }
    await Promise.all(Array.from({ length: 12 }, (_, n) => publish(n)))
    assert.deepEqual(made.warnings, [])
  })

  it('nor are their transactions', async (t) => {
    const made = await house(t)
    const body = 'x'.repeat(15 << 20)
    const commit = async (n: number) => {
      const client = new AMQPClient(made.url)
      await client.connect()
      const channel = await client.channel()
      await channel.queueDeclare(`large-${n}`, { autoDelete: false })
      await channel.txSelect()
      await channel.basicPublish('', `large-${n}`, body)
      await channel.txCommit()
      const { messageCount } = await channel.queueDeclare(`large-${n}`, { passive: true })
      assert.equal(messageCount, 1)
      await client.close()
    }
    await Promise.all(Array.from({ length: 12 }, (_, n) => commit(n)))
  })
})
