import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import amqplib, {
  type Channel,
  type ChannelModel,
  type ConsumeMessage,
  type GetMessage,
} from 'amqplib'
import { house } from './door.fixture.ts'

/** Rules that the test suite of RabbitMQ's Java client holds a broker to. */

async function guest(t: TestContext): Promise<{ client: ChannelModel; channel: Channel }> {
  const client = await (await house(t)).client()
  // The door may be closed by then.
  t.after(() => client.close().catch(() => undefined))
  return { client, channel: await client.createChannel() }
}

/** What the channel is closed with. */
function refusal(channel: Channel): Promise<string> {
  return new Promise((resolve) => channel.once('error', (error) => resolve(error.message)))
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(5)
}

describe('as RabbitMQ', { timeout: 60_000 }, () => {
  it('of many that nobody wants, or has room for, each is confirmed or refused', async (t) => {
    const { client } = await guest(t)
    const channel = await client.createConfirmChannel()
    const full = { 'x-max-length': 1, 'x-overflow': 'reject-publish' }
    await channel.assertQueue('full', { arguments: full })
    for (const [queue, refused] of [
      ['nowhere', 0],
      ['full', 1_999],
    ] as const) {
      let [acks, nacks] = [0, 0]
      await new Promise<void>((resolve) => {
        const told = (error: unknown) => {
          if (error) nacks++
          else acks++
          if (acks + nacks === 2_000) resolve()
        }
        for (let n = 0; n < 2_000; n++) channel.sendToQueue(queue, Buffer.from('x'), {}, told)
      })
      assert.deepEqual([acks, nacks], [2_000 - refused, refused], queue)
    }
  })

  it('what goes round without being rejected is dropped where it has died before', async (t) => {
    const { channel } = await guest(t)
    const toSelf = { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'self' }
    await channel.assertQueue('self', { arguments: { ...toSelf, 'x-message-ttl': 1 } })
    const onwards = { 'x-dead-letter-exchange': 'amq.fanout', 'x-message-ttl': 1 }
    await channel.assertQueue('round', { arguments: onwards })
    await channel.assertQueue('end')
    for (const queue of ['round', 'end']) await channel.bindQueue(queue, 'amq.fanout', '')
    channel.sendToQueue('self', Buffer.from('s'))
    channel.publish('amq.fanout', '', Buffer.from('r'))
    await sleep(300)
    assert.equal((await channel.checkQueue('self')).messageCount, 0)
    assert.equal((await channel.checkQueue('round')).messageCount, 0)
    assert.equal((await channel.checkQueue('end')).messageCount, 2)
  })

  it('deaths of one queue and reason that a client brings along count as one', async (t) => {
    const { channel } = await guest(t)
    const dead = { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'end' }
    await channel.assertQueue('brief', { arguments: { ...dead, 'x-message-ttl': 1 } })
    await channel.assertQueue('end')
    const death = (queue: string) => ({ queue, reason: 'expired', exchange: '' })
    const headers = { 'x-death': [death('a'), death('a'), death('b'), death('a')] }
    channel.sendToQueue('brief', Buffer.from('x'), { headers })
    let came: GetMessage | false = false
    while (came === false) came = await channel.get('end')
    const deaths = came.properties.headers!['x-death'] as unknown as Record<string, unknown>[]
    assert.deepEqual(
      deaths.map(({ queue, count }) => [queue, count]),
      [
        ['brief', 1],
        ['a', 3],
        ['b', undefined],
      ],
    )
  })

  it('to look whether a queue is there gives it its whole time again', async (t) => {
    const { channel } = await guest(t)
    await channel.assertQueue('q', { arguments: { 'x-expires': 800 } })
    for (let n = 0; n < 4; n++) {
      await sleep(400)
      await channel.checkQueue('q')
    }
  })

  it('another connection’s exclusive queue is not unbound', async (t) => {
    const made = await house(t)
    const [owner, other] = [await made.client(), await made.client()]
    const channel = await owner.createChannel()
    await channel.assertQueue('mine', { exclusive: true })
    await channel.bindQueue('mine', 'amq.direct', 'k')
    const theirs = await other.createChannel()
    const refused = refusal(theirs)
    theirs.unbindQueue('mine', 'amq.direct', 'k').catch(() => undefined)
    assert.match(await refused, /405/)
    await owner.close()
    await other.close()
  })

  it('what a channel has no room for stays in its queue, and queues take turns', async (t) => {
    const { channel } = await guest(t)
    const queues = ['a', 'b', 'c']
    for (const queue of queues) {
      await channel.assertQueue(queue)
      for (let n = 0; n < 20; n++) channel.sendToQueue(queue, Buffer.from(queue))
    }
    await channel.prefetch(1, true)
    const got: ConsumeMessage[] = []
    for (const queue of queues) await channel.consume(queue, (message) => got.push(message!))
    await until(() => got.length === 1)
    for (const queue of queues) assert.notEqual(await channel.get(queue), false, queue)
    const unacked: string[] = []
    await channel.assertQueue('d')
    await channel.consume('d', (message) => unacked.push(String(message?.content)), { noAck: true })
    channel.sendToQueue('d', Buffer.from('d'))
    await sleep(50)
    assert.deepEqual([got.length, unacked.length], [1, 0])
    for (let n = 1; n < 10; n++) {
      channel.ack(got.at(-1)!)
      await until(() => got.length === n + 1)
    }
    for (const queue of queues) {
      const mine = got.filter(({ content }) => String(content) === queue)
      assert.ok(mine.length >= 2, `${queue}: ${mine.length}`)
    }
  })

  it('a get finds nothing in a queue that keeps nothing', async (t) => {
    const { channel } = await guest(t)
    await channel.assertQueue('short', { arguments: { 'x-max-length': 0 } })
    await channel.assertQueue('brief', { arguments: { 'x-message-ttl': 0 } })
    for (const queue of ['short', 'brief']) {
      channel.sendToQueue(queue, Buffer.from('x'))
      assert.equal(await channel.get(queue), false, queue)
    }
  })

  it('what is given back counts, and a get after it finds the queue as it is then', async (t) => {
    const { channel } = await guest(t)
    await channel.assertQueue('q', { arguments: { 'x-max-length': 3 } })
    const fill = (name: string) => {
      for (let n = 1; n <= 3; n++) channel.sendToQueue('q', Buffer.from(`${name}${n}`))
    }
    fill('old')
    const taken = [await channel.get('q'), await channel.get('q'), await channel.get('q')]
    fill('new')
    for (const message of taken) channel.nack(message as GetMessage, false, true)
    const first = (await channel.get('q')) as GetMessage
    assert.deepEqual([String(first.content), first.fields.messageCount], ['new1', 2])
  })

  it('a consumer gets what was published before it is cancelled', async (t) => {
    const { channel } = await guest(t)
    await channel.assertQueue('q')
    for (const persistent of [true, false]) {
      let [high, low] = [0, 0]
      await channel.consume('q', () => high++, { noAck: true, priority: 1, consumerTag: 'high' })
      await channel.consume('q', () => low++, { noAck: true, consumerTag: 'low' })
      for (let n = 0; n < 10; n++) channel.sendToQueue('q', Buffer.from('x'), { persistent })
      await channel.cancel('high')
      assert.deepEqual([high, low], [10, 0])
      await channel.cancel('low')
    }
  })

  it('a priority that is no whole number is refused', async (t) => {
    const { channel } = await guest(t)
    await channel.assertQueue('q')
    const refused = refusal(channel)
    const options = { arguments: { 'x-priority': 'banana' } }
    channel.consume('q', () => undefined, options).catch(() => undefined)
    assert.match(await refused, /406.*invalid arg 'x-priority' for queue 'q' in vhost '\/'/)
  })

  it('a durable queue without a type is of its virtual host’s', async (t) => {
    const made = await house(t)
    const vhost = { name: '/', default_queue_type: 'quorum' }
    await made.door.importDefinitions(JSON.stringify({ vhosts: [vhost] }))
    const client = await made.client()
    const channel = await client.createChannel()
    const quorum = { arguments: { 'x-queue-type': 'quorum' } }
    await channel.assertQueue('q')
    await channel.assertQueue('q', quorum)
    channel.sendToQueue('q', Buffer.from('x'))
    const { properties } = (await channel.get('q')) as GetMessage
    assert.equal(properties.headers?.['x-delivery-count'], 0)
    await channel.assertQueue('own', { exclusive: true })
    const refused = refusal(channel)
    channel.assertQueue('own', { exclusive: true, ...quorum }).catch(() => undefined)
    assert.match(await refused, /406/)
    await client.close()
  })

  it('a body has 16 MiB, whatever its headers; more closes only its channel', async (t) => {
    const { client } = await guest(t)
    const channel = await client.createConfirmChannel()
    const other = await client.createChannel()
    await channel.assertQueue('large')
    const headers = { long: 'x'.repeat(50_000) }
    channel.sendToQueue('large', Buffer.alloc(16 << 20), { headers })
    await channel.waitForConfirms()
    const refused = refusal(channel)
    channel.sendToQueue('large', Buffer.alloc((16 << 20) + 1))
    assert.match(await refused, /406.*16777217/)
    assert.equal((await other.checkQueue('large')).messageCount, 1)
  })

  it('a queue’s name has 255 bytes, whatever its virtual host is called', async (t) => {
    const made = await house(t)
    const vhost = 'ä'.repeat(100)
    await made.door.administration.vhosts.add(vhost)
    const all = { configure: '.*', write: '.*', read: '.*' }
    await made.door.administration.permissions.set({ user: 'guest', vhost, ...all })
    const client = await amqplib.connect(`${made.url}/${encodeURIComponent(vhost)}`)
    const channel = await client.createChannel()
    const name = 'q'.repeat(255)
    await channel.assertQueue(name)
    channel.sendToQueue(name, Buffer.from('x'))
    assert.notEqual(await channel.get(name), false)
    await client.close()
  })
})
