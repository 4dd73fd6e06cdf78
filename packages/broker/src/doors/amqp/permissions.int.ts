import assert from 'node:assert/strict'
import { it } from 'node:test'
import amqplib, { type Channel } from 'amqplib'
import { house } from './door.fixture.ts'

const SHOP = {
  users: [{ name: 'shop', password: 'secret', tags: [] }],
  vhosts: [{ name: '/' }],
  permissions: [
    {
      user: 'shop',
      vhost: '/',
      configure: '^shop\\.',
      write: '^(shop\\.|news$)',
      read: '^shop\\.|news',
    },
  ],
  topic_permissions: [
    { user: 'shop', vhost: '/', exchange: 'news', write: '^{username}\\.', read: '^(shop|all)\\.' },
  ],
  exchanges: [
    {
      name: 'news',
      vhost: '/',
      type: 'topic',
      durable: true,
      auto_delete: false,
      internal: false,
      arguments: {},
    },
  ],
  queues: [{ name: 'other', vhost: '/', durable: true, auto_delete: false, arguments: {} }],
}

it('a user may do what permissions and topic permissions say, beyond is 403', async (t) => {
  const home = await house(t)
  await home.door.importDefinitions(JSON.stringify(SHOP))
  const client = await amqplib.connect(home.url.replace('guest:guest', 'shop:secret'))
  client.on('error', () => undefined)
  const may = async (work: (channel: Channel) => Promise<unknown>): Promise<string> => {
    const channel = await client.createChannel()
    const failed = new Promise<string>((resolve) => {
      channel.on('error', (error) => resolve(error.message))
    })
    const done = work(channel)
      .then(() => channel.checkExchange('news'))
      .then(() => 'yes')
    const answer = await Promise.race([done.catch(() => failed), failed])
    if (answer === 'yes') await channel.close()
    return answer
  }
  const refused = /403.*ACCESS.REFUSED/s

  assert.equal(await may((channel) => channel.assertQueue('shop.a')), 'yes')
  assert.match(await may((channel) => channel.assertQueue('b')), refused)
  assert.match(await may((channel) => channel.deleteQueue('other')), refused)
  assert.match(await may(async (channel) => channel.consume('other', () => undefined)), refused)
  assert.match(
    await may(async (channel) => channel.publish('amq.topic', 'k', Buffer.of())),
    refused,
  )

  assert.equal(await may((channel) => channel.bindQueue('shop.a', 'news', 'shop.#')), 'yes')
  assert.match(await may((channel) => channel.bindQueue('shop.a', 'news', 'secret.#')), refused)
  assert.equal(await may(async (channel) => channel.publish('news', 'shop.x', Buffer.of())), 'yes')
  const wrong = await may(async (channel) => channel.publish('news', 'all.x', Buffer.of()))
  assert.match(wrong, refused)
  assert.match(wrong, /topic 'all\.x'/)
  await client.close()
})
