import assert from 'node:assert/strict'
import { it } from 'node:test'
import { type AMQPChannel, AMQPClient } from '@cloudamqp/amqp-client'
import { house } from './door.fixture.ts'

const countOf = async (channel: AMQPChannel, queue: string) =>
  (await channel.queueDeclare(queue, { passive: true })).messageCount

it('a transaction takes effect at its commit, not after a rollback or a close', async (t) => {
  const made = await house(t)
  const client = new AMQPClient(made.url)
  await client.connect()
  const plain = await client.channel()
  for (const queue of ['in', 'out']) await plain.queueDeclare(queue, { autoDelete: false })
  await plain.confirmSelect()
  await plain.basicPublish('', 'in', 'work')

  const channel = await client.channel()
  await channel.txSelect()
  const dropped = (await channel.basicGet('in', { noAck: false }))!
  await channel.basicPublish('', 'out', 'dropped')
  await dropped.ack()
  await channel.txRollback()
  assert.deepEqual([await countOf(plain, 'in'), await countOf(plain, 'out')], [0, 0])

  await channel.basicPublish('', 'out', 'dropped too')
  await dropped.ack()
  await channel.close()
  assert.deepEqual([await countOf(plain, 'in'), await countOf(plain, 'out')], [1, 0])

  const again = await client.channel()
  await again.txSelect()
  const kept = (await again.basicGet('in', { noAck: false }))!
  assert.equal(kept.redelivered, true)
  await again.basicPublish('', 'out', 'kept')
  await kept.ack()
  assert.equal(await countOf(plain, 'out'), 0)
  await again.txCommit()
  await again.close()
  assert.deepEqual([await countOf(plain, 'in'), await countOf(plain, 'out')], [0, 1])
  await client.close()
})

it('what a cancelled consumer acked in a tx comes back at the end', {
  timeout: 20_000,
}, async (t) => {
  const made = await house(t)
  const client = new AMQPClient(made.url)
  await client.connect()
  const plain = await client.channel()
  await plain.queueDeclare('in', { autoDelete: false })
  await plain.confirmSelect()
  await plain.basicPublish('', 'in', 'work')
  const channel = await client.channel()
  await channel.txSelect()
  const taken = Promise.withResolvers<void>()
  const consumer = await channel.basicConsume('in', { noAck: false }, async (message) => {
    await message.ack()
    taken.resolve()
  })
  await taken.promise
  await consumer.cancel()
  await channel.close()
  while ((await countOf(plain, 'in')) < 1);
  await client.close()
})

it('a time to live counts from the commit; whose queue has gone comes back', async (t) => {
  const made = await house(t)
  const client = new AMQPClient(made.url)
  await client.connect()
  const channel = await client.channel()
  await channel.queueDeclare('brief', { autoDelete: false }, { 'x-message-ttl': 400 })
  await channel.queueDeclare('gone', { autoDelete: false })
  const returned = new Promise((resolve) => {
    channel.onReturn = resolve
  })
  await channel.txSelect()
  await channel.basicPublish('', 'brief', 'x')
  await channel.basicPublish('', 'gone', 'y', {}, true)
  await channel.queueDelete('gone')
  await new Promise((resolve) => setTimeout(resolve, 500))
  await channel.txCommit()
  assert.equal(await countOf(channel, 'brief'), 1)
  await returned
  await client.close()
})
