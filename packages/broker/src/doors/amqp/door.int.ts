import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import type { Channel, ConsumeMessage } from 'amqplib'
import { house } from './door.fixture.ts'

/** The next messages of a queue, as they come. */
async function received(channel: Channel, queue: string, count: number, options = {}) {
  const messages: ConsumeMessage[] = []
  const { promise, resolve } = Promise.withResolvers<void>()
  const { consumerTag } = await channel.consume(
    queue,
    (message) => {
      if (message !== null) messages.push(message)
      if (messages.length === count) resolve()
    },
    options,
  )
  if (count > 0) await promise
  return { messages, consumerTag }
}

const textOf = ({ content }: { content: Buffer }) => content.toString()

describe('a client of amqplib', { timeout: 60_000 }, () => {
  it('publishes to a queue and gets it, properties and all', async (t) => {
    const made = await house(t)
    const client = await made.client()
    const channel = await client.createConfirmChannel()
    const declared = await channel.assertQueue('orders')
    assert.deepEqual(declared, { queue: 'orders', messageCount: 0, consumerCount: 0 })
    const headers = { n: 1, text: 'ä', list: [1, 'two'], deep: { yes: true } }
    const options = { headers, contentType: 'text/plain', messageId: 'm1', persistent: true }
    channel.sendToQueue('orders', Buffer.from('hello'), options)
    await channel.waitForConfirms()
    assert.equal((await channel.checkQueue('orders')).messageCount, 1)
    const { messages } = await received(channel, 'orders', 1)
    const [{ fields, properties, content }] = messages as [ConsumeMessage]
    assert.equal(content.toString(), 'hello')
    assert.deepEqual(properties.headers, headers)
    assert.deepEqual([properties.contentType, properties.messageId], ['text/plain', 'm1'])
    const { deliveryTag, redelivered, exchange, routingKey } = fields
    assert.deepEqual([deliveryTag, redelivered, exchange, routingKey], [1, false, '', 'orders'])
    channel.ack(messages[0]!)
    await client.close()
  })

  it('empty and large bodies come back as they were, large ones in many frames', async (t) => {
    const made = await house(t)
    const client = await made.client()
    const channel = await client.createConfirmChannel()
    await channel.assertQueue('q')
    const bodies = [0, 1, 131_064, 131_065, 1 << 20].map((size) => Buffer.alloc(size, 'ab'))
    for (const body of bodies) channel.sendToQueue('q', body)
    await channel.waitForConfirms()
    const { messages } = await received(channel, 'q', bodies.length, { noAck: true })
    for (const [at, { content }] of messages.entries()) assert.ok(content.equals(bodies[at]!))
    await client.close()
  })

  it('what was not acked when its channel closes comes again, marked', async (t) => {
    const made = await house(t)
    const client = await made.client()
    const channel = await client.createConfirmChannel()
    await channel.assertQueue('q')
    for (let n = 0; n < 4; n++) channel.sendToQueue('q', Buffer.from(String(n)))
    await channel.waitForConfirms()
    const first = await received(channel, 'q', 4)
    channel.ack(first.messages[1]!)
    channel.nack(first.messages[3]!, false, false)
    await channel.close()
    const again = await client.createChannel()
    const { messages } = await received(again, 'q', 2)
    assert.deepEqual(messages.map(textOf), ['0', '2'])
    assert.ok(messages.every(({ fields }) => fields.redelivered))
    await client.close()
  })

  it('prefetch limits what is unacked', async (t) => {
    const made = await house(t)
    const client = await made.client()
    const channel = await client.createConfirmChannel()
    await channel.assertQueue('q')
    for (let n = 0; n < 10; n++) channel.sendToQueue('q', Buffer.from(String(n)))
    await channel.waitForConfirms()
    await channel.prefetch(3)
    const { messages } = await received(channel, 'q', 3)
    await channel.checkQueue('q')
    assert.equal(messages.length, 3)
    channel.ack(messages[1]!, true)
    while (messages.length < 5) await channel.checkQueue('q')
    await channel.checkQueue('q')
    assert.deepEqual(messages.map(textOf), ['0', '1', '2', '3', '4'])
    await client.close()
  })

  it('prefetch for the channel limits all of its consumers together', async (t) => {
    const made = await house(t)
    const client = await made.client()
    const channel = await client.createConfirmChannel()
    for (const queue of ['a', 'b']) {
      await channel.assertQueue(queue)
      for (let n = 0; n < 5; n++) channel.sendToQueue(queue, Buffer.from(queue))
    }
    await channel.waitForConfirms()
    await channel.prefetch(3, true)
    const seen: ConsumeMessage[] = []
    for (const queue of ['a', 'b']) await channel.consume(queue, (message) => seen.push(message!))
    while (seen.length < 3) await channel.checkQueue('a')
    for (let n = 0; n < 5; n++) await channel.checkQueue('a')
    assert.equal(seen.length, 3)
    for (let n = 0; n < 10; n++) {
      while (seen.length <= n) await channel.checkQueue('a')
      assert.ok(seen.length <= n + 3)
      channel.ack(seen[n]!)
    }
    assert.deepEqual(seen.map(textOf).sort().join(''), 'aaaaabbbbb')
    await client.close()
  })

  it('exchanges route by key, pattern, headers, and to each other', async (t) => {
    const made = await house(t)
    const client = await made.client()
    const channel = await client.createConfirmChannel()
    for (const queue of ['red', 'all', 'match']) await channel.assertQueue(queue)
    await channel.assertExchange('colours', 'topic')
    await channel.assertExchange('out', 'fanout')
    await channel.bindQueue('red', 'colours', 'colour.red.#')
    await channel.bindQueue('all', 'out', '')
    await channel.bindExchange('out', 'colours', '#')
    await channel.bindQueue('match', 'amq.match', '', { 'x-match': 'all', a: 1 })
    channel.publish('colours', 'colour.red.dark', Buffer.from('1'))
    channel.publish('colours', 'colour.blue', Buffer.from('2'))
    channel.publish('amq.match', '', Buffer.from('3'), { headers: { a: 1, b: 2 } })
    channel.publish('amq.match', '', Buffer.from('4'), { headers: { a: 2 } })
    await channel.waitForConfirms()
    const counts = []
    for (const queue of ['red', 'all', 'match']) {
      counts.push((await channel.checkQueue(queue)).messageCount)
    }
    assert.deepEqual(counts, [1, 2, 1])
    await client.close()
  })

  it('a mandatory message that nobody wants comes back, before its confirm', async (t) => {
    const made = await house(t)
    const client = await made.client()
    const channel = await client.createConfirmChannel()
    const seen: string[] = []
    channel.on('return', ({ fields, content }) => {
      seen.push(`${(fields as { replyCode?: number }).replyCode} ${content}`)
    })
    channel.publish('amq.direct', 'nobody', Buffer.from('x'), { mandatory: true }, () => {
      seen.push('confirmed')
    })
    await channel.waitForConfirms()
    assert.deepEqual(seen, ['312 x', 'confirmed'])
    await client.close()
  })

  it('get takes one, or says that there is none', async (t) => {
    const made = await house(t)
    const client = await made.client()
    const channel = await client.createConfirmChannel()
    await channel.assertQueue('q')
    for (const text of ['a', 'b']) channel.sendToQueue('q', Buffer.from(text))
    await channel.waitForConfirms()
    const first = await channel.get('q')
    assert.ok(first !== false)
    assert.deepEqual([textOf(first), first.fields.messageCount], ['a', 1])
    channel.nack(first)
    const second = await channel.get('q', { noAck: true })
    assert.ok(second !== false)
    assert.deepEqual([textOf(second), second.fields.redelivered], ['a', true])
    assert.equal(textOf((await channel.get('q', { noAck: true })) as { content: Buffer }), 'b')
    assert.equal(await channel.get('q'), false)
    await client.close()
  })

  it('a mistake closes its channel with a code, and no other', async (t) => {
    const made = await house(t)
    const client = await made.client()
    const good = await client.createChannel()
    for (const [code, mistake] of [
      [404, (channel: Channel) => channel.checkQueue('nowhere')],
      [404, (channel: Channel) => channel.publish('nowhere', '', Buffer.from('x'))],
      [403, (channel: Channel) => channel.assertQueue('amq.mine')],
      [406, (channel: Channel) => channel.ack({ fields: { deliveryTag: 7 } } as ConsumeMessage)],
      [406, (channel: Channel) => channel.assertQueue('twice', { durable: false })],
    ] as const) {
      await good.assertQueue('twice')
      const channel = await client.createChannel()
      const failed = once(channel, 'error')
      Promise.resolve(mistake(channel)).catch(() => undefined)
      const [error] = await failed
      assert.equal(error.code, code, error.message)
    }
    assert.equal((await good.checkQueue('twice')).consumerCount, 0)
    await client.close()
  })

  it('what is durable is there after a restart, with its messages', async (t) => {
    const made = await house(t)
    const before = await made.client()
    const channel = await before.createConfirmChannel()
    await channel.assertExchange('x', 'topic')
    await channel.assertQueue('lasting')
    await channel.assertQueue('passing', { durable: false })
    await channel.bindQueue('lasting', 'x', 'a.*')
    channel.publish('x', 'a.b', Buffer.from('1'))
    await channel.waitForConfirms()
    await before.close()
    await made.close()
    await made.open()
    const after = await made.client()
    const again = await after.createConfirmChannel()
    again.publish('x', 'a.c', Buffer.from('2'))
    await again.waitForConfirms()
    const { messages } = await received(again, 'lasting', 2)
    assert.deepEqual(messages.map(textOf), ['1', '2'])
    const gone = once(again, 'error')
    again.checkQueue('passing').catch(() => undefined)
    assert.equal((await gone)[0].code, 404)
    await after.close()
  })

  it('an exclusive queue is its connection’s own, and goes with it', async (t) => {
    const made = await house(t)
    const [mine, other] = [await made.client(), await made.client()]
    const channel = await mine.createChannel()
    const { queue } = await channel.assertQueue('', { exclusive: true })
    assert.match(queue, /^amq\.gen-/)
    const stranger = await other.createChannel()
    const locked = once(stranger, 'error')
    stranger.checkQueue(queue).catch(() => undefined)
    assert.equal((await locked)[0].code, 405)
    await mine.close()
    const later = await other.createChannel()
    for (let code = 405; code === 405; ) {
      const looking = await other.createChannel()
      const failed = once(looking, 'error')
      looking.checkQueue(queue).catch(() => undefined)
      code = (await failed)[0].code
      if (code !== 405) assert.equal(code, 404)
    }
    await later.close()
    await other.close()
  })

  it('a consumer hears when its queue is deleted', async (t) => {
    const made = await house(t)
    const client = await made.client()
    const channel = await client.createChannel()
    await channel.assertQueue('q')
    const told = Promise.withResolvers<unknown>()
    await channel.consume('q', (message) => told.resolve(message))
    const other = await client.createChannel()
    await other.deleteQueue('q')
    assert.equal(await told.promise, null)
    await client.close()
  })

  it('a direct reply comes back without a queue, and only while somebody is there', async (t) => {
    const made = await house(t)
    const client = await made.client()
    const [asking, answering] = [await client.createChannel(), await client.createConfirmChannel()]
    const replies: string[] = []
    const { promise, resolve } = Promise.withResolvers<void>()
    await asking.consume(
      'amq.rabbitmq.reply-to',
      (message) => {
        replies.push(`${message?.properties.correlationId} ${message?.content}`)
        resolve()
      },
      { noAck: true },
    )
    await answering.assertQueue('calls')
    const options = { replyTo: 'amq.rabbitmq.reply-to', correlationId: '7' }
    asking.sendToQueue('calls', Buffer.from('question'), options)
    const [question] = (await received(answering, 'calls', 1, { noAck: true })).messages
    const { replyTo, correlationId } = question!.properties
    assert.match(replyTo, /^amq\.rabbitmq\.reply-to\./)
    await answering.checkQueue(replyTo)
    answering.sendToQueue(replyTo, Buffer.from('answer'), { correlationId })
    await promise
    assert.deepEqual(replies, ['7 answer'])
    await asking.close()
    const returned = once(answering, 'return')
    answering.sendToQueue(replyTo, Buffer.from('late'), { mandatory: true })
    assert.equal((await returned)[0].content.toString(), 'late')
    await client.close()
  })

  it('what is rejected goes to the dead-letter exchange, and says where it died', async (t) => {
    const made = await house(t)
    const client = await made.client()
    const channel = await client.createConfirmChannel()
    await channel.assertExchange('dead', 'fanout')
    await channel.assertQueue('graves')
    await channel.bindQueue('graves', 'dead', '')
    const dead = { deadLetterExchange: 'dead', deadLetterRoutingKey: 'late' }
    await channel.assertQueue('work', dead)
    for (const text of ['a', 'b']) {
      channel.publish('', 'work', Buffer.from(text), { expiration: '60000', headers: { h: 1 } })
    }
    await channel.waitForConfirms()
    const { messages } = await received(channel, 'work', 2)
    channel.reject(messages[0]!, false)
    channel.nack(messages[1]!, false, false)
    const graves = await received(channel, 'graves', 2)
    assert.deepEqual(graves.messages.map(textOf), ['a', 'b'])
    const [{ fields, properties }] = graves.messages as [ConsumeMessage]
    assert.deepEqual([fields.exchange, fields.routingKey], ['dead', 'late'])
    assert.equal(properties.expiration, undefined)
    const { 'x-death': deaths, h, 'x-first-death-queue': first } = properties.headers ?? {}
    assert.deepEqual([h, first], [1, 'work'])
    const [{ time, ...death }] = deaths as unknown as [{ time: unknown }]
    assert.ok(time)
    assert.deepEqual(death, {
      ...{ count: 1, reason: 'rejected', queue: 'work', exchange: '' },
      ...{ 'routing-keys': ['work'], 'original-expiration': '60000' },
    })
    await client.close()
  })

  it('what has lived too long is a dead letter, by the queue’s time or its own', async (t) => {
    const made = await house(t)
    const client = await made.client()
    const channel = await client.createConfirmChannel()
    await channel.assertQueue('late')
    const dead = { deadLetterExchange: '', deadLetterRoutingKey: 'late' }
    await channel.assertQueue('short', { messageTtl: 20, ...dead })
    await channel.assertQueue('long', { messageTtl: 60_000, ...dead })
    channel.sendToQueue('short', Buffer.from('a'))
    channel.sendToQueue('long', Buffer.from('b'), { expiration: '20' })
    channel.sendToQueue('long', Buffer.from('c'))
    await channel.waitForConfirms()
    const { messages } = await received(channel, 'late', 2)
    assert.deepEqual(messages.map(textOf).sort(), ['a', 'b'])
    const reasons = messages.map(({ properties }) => properties.headers?.['x-first-death-reason'])
    assert.deepEqual(reasons, ['expired', 'expired'])
    assert.equal((await channel.checkQueue('long')).messageCount, 1)
    await client.close()
  })

  it('a queue that nobody uses goes when its time is over', async (t) => {
    const made = await house(t)
    const client = await made.client()
    const channel = await client.createChannel()
    await channel.assertQueue('short', { expires: 30 })
    await channel.assertQueue('used', { expires: 30 })
    await channel.consume('used', () => undefined)
    for (let there = true; there; ) {
      // To look gives it its whole time again.
      await new Promise((resolve) => setTimeout(resolve, 100))
      const looking = await client.createChannel()
      looking.on('error', () => undefined)
      there = await looking.checkQueue('short').then(
        () => true,
        ({ code }) => code !== 404,
      )
    }
    assert.equal((await channel.checkQueue('used')).consumerCount, 1)
    await client.close()
  })

  it('a full queue lets go of its oldest, or refuses the newest', async (t) => {
    const made = await house(t)
    const client = await made.client()
    const channel = await client.createConfirmChannel()
    await channel.assertQueue('late')
    const dead = { deadLetterExchange: '', deadLetterRoutingKey: 'late' }
    await channel.assertQueue('head', { maxLength: 2, ...dead })
    await channel.assertQueue('tail', { maxLength: 2, overflow: 'reject-publish' } as object)
    for (const text of ['1', '2', '3']) channel.sendToQueue('head', Buffer.from(text))
    await channel.waitForConfirms()
    const late = await received(channel, 'late', 1)
    assert.equal(textOf(late.messages[0]!), '1')
    assert.equal(late.messages[0]!.properties.headers?.['x-first-death-reason'], 'maxlen')
    const told: string[] = []
    for (const text of ['1', '2', '3']) {
      const { promise, resolve } = Promise.withResolvers<void>()
      channel.sendToQueue('tail', Buffer.from(text), {}, (error) => {
        told.push(error === null ? 'stored' : 'refused')
        resolve()
      })
      await promise
    }
    assert.deepEqual(told, ['stored', 'stored', 'refused'])
    await client.close()
  })

  it('the higher priority comes first', async (t) => {
    const made = await house(t)
    const client = await made.client()
    const channel = await client.createConfirmChannel()
    await channel.assertQueue('q', { maxPriority: 5 })
    for (const priority of [0, 3, 5, 9, 3]) {
      channel.sendToQueue('q', Buffer.from(String(priority)), { priority })
    }
    await channel.waitForConfirms()
    const { messages } = await received(channel, 'q', 5)
    assert.deepEqual(messages.map(textOf), ['5', '9', '3', '3', '0'])
    await client.close()
  })

  it('one active consumer is followed by the next; higher priority is first', async (t) => {
    const made = await house(t)
    const client = await made.client()
    const channel = await client.createConfirmChannel()
    await channel.assertQueue('one', { arguments: { 'x-single-active-consumer': true } })
    await channel.assertQueue('two')
    const seen: string[] = []
    const consume = (queue: string, name: string, priority = 0) =>
      channel.consume(queue, (message) => seen.push(`${name}${message?.content}`), {
        ...{ consumerTag: name, noAck: true, priority },
      })
    for (const name of ['a', 'b']) await consume('one', name)
    await consume('two', 'c')
    await consume('two', 'd', 5)
    const send = async (queue: string, text: string, count: number) => {
      channel.sendToQueue(queue, Buffer.from(text))
      await channel.waitForConfirms()
      while (seen.length < count) await channel.checkQueue(queue)
    }
    await send('one', '1', 1)
    await send('one', '2', 2)
    await channel.cancel('a')
    await send('one', '3', 3)
    await send('two', '4', 4)
    await send('two', '5', 5)
    assert.deepEqual(seen, ['a1', 'a2', 'b3', 'd4', 'd5'])
    await client.close()
  })
})
