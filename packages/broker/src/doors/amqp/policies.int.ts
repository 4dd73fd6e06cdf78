import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ConfirmChannel, GetMessage, Options } from 'amqplib'
import { type House, house } from './door.fixture.ts'

type Definition = Record<string, unknown>

/** A house, a channel in it, and how a policy is set there. */
class Place {
  readonly made: House
  channel!: ConfirmChannel

  constructor(made: House) {
    this.made = made
  }

  async enter(): Promise<void> {
    const client = await this.made.client()
    this.channel = await client.createConfirmChannel()
    this.channel.on('error', () => undefined)
  }

  async restart(): Promise<void> {
    await this.made.close()
    await this.made.open()
    await this.enter()
  }

  policy(name: string, definition: Definition, more: object = {}): Promise<void> {
    const rest = { applyTo: 'all', priority: 0, pattern: '', operator: false, ...more } as const
    return this.made.door.administration.policies.set({ vhost: '/', name, definition, ...rest })
  }

  async publish(queue: string, ...bodies: string[]): Promise<void> {
    for (const body of bodies) this.channel.sendToQueue(queue, Buffer.from(body))
    await this.channel.waitForConfirms()
  }

  async count(queue: string): Promise<number> {
    return (await this.channel.checkQueue(queue)).messageCount
  }

  async get(queue: string, options: Options.Get = { noAck: true }): Promise<GetMessage | false> {
    return this.channel.get(queue, options)
  }

  async all(queue: string): Promise<string[]> {
    const bodies: string[] = []
    for (let next = await this.get(queue); next; next = await this.get(queue)) {
      bodies.push(next.content.toString())
    }
    return bodies
  }
}

async function place(t: TestContext): Promise<Place> {
  const made = new Place(await house(t))
  await made.enter()
  return made
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 10_000; !(await holds()); await sleep(10)) {
    if (Date.now() > end) throw new Error('It did not come about within 10 s')
  }
}

describe('policies', { timeout: 60_000 }, () => {
  it('apply to queues that are there and that come, at once and after a restart', async (t) => {
    const at = await place(t)
    await at.channel.assertQueue('there')
    await at.publish('there', '1', '2', '3')
    await at.policy('short', { 'max-length': 2 })
    await until(async () => (await at.count('there')) === 2)
    await at.channel.assertQueue('later')
    await at.restart()
    for (const queue of ['there', 'later']) await at.publish(queue, 'a', 'b', 'c')
    assert.deepEqual(await at.all('there'), ['b', 'c'])
    assert.deepEqual(await at.all('later'), ['b', 'c'])
  })

  it('that are removed, or match no more, hold no longer', async (t) => {
    const at = await place(t)
    const { policies } = at.made.door.administration
    await at.policy('short', { 'max-length': 1 })
    await at.channel.assertQueue('q')
    await policies.clear('/', 'short')
    await at.publish('q', '1', '2')
    assert.equal(await at.count('q'), 2)
    await at.policy('short', { 'max-length': 1 }, { pattern: '^q$' })
    await until(async () => (await at.count('q')) === 1)
    await at.policy('short', { 'max-length': 1 }, { pattern: '^other$' })
    await at.publish('q', '3')
    assert.equal(await at.count('q'), 2)
  })

  it('never make a declaration inequivalent', async (t) => {
    const at = await place(t)
    const declared = { arguments: { 'x-max-length': 5, 'x-message-ttl': 60_000 } }
    await at.channel.assertQueue('q', declared)
    await at.policy('all', { 'max-length': 1, 'message-ttl': 1, overflow: 'reject-publish' })
    await at.channel.assertQueue('q', declared)
    await at.restart()
    await at.channel.assertQueue('q', declared)
    await assert.rejects(at.channel.assertQueue('q', { arguments: { 'x-max-length': 1 } }), /406/)
  })

  it('message-ttl: what has come before keeps its own, as in RabbitMQ', async (t) => {
    const at = await place(t)
    await at.channel.assertQueue('q')
    await at.publish('q', 'old')
    await at.policy('ttl', { 'message-ttl': 50 })
    await at.publish('q', 'new')
    await at.made.door.administration.policies.clear('/', 'ttl')
    await at.publish('q', 'last')
    await sleep(100)
    assert.deepEqual(await at.all('q'), ['old', 'last'])
  })

  it('expires: an unused queue goes after the time that is set last', async (t) => {
    const at = await place(t)
    await at.channel.assertQueue('q')
    await at.policy('e', { expires: 3_600_000 })
    await at.policy('e', { expires: 50 })
    await until(async () => at.made.broker.queues().length === 0)
  })

  it('overflow: a full queue refuses', async (t) => {
    const at = await place(t)
    await at.channel.assertQueue('q')
    await at.policy('full', { 'max-length': 1, overflow: 'reject-publish' })
    await at.publish('q', '1')
    await assert.rejects(at.publish('q', '2'))
    assert.deepEqual(await at.all('q'), ['1'])
  })

  it('dead-letter-exchange and -routing-key: what is rejected goes there', async (t) => {
    const at = await place(t)
    for (const queue of ['q', 'own', 'dead', 'theirs']) {
      const toOwn = { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'theirs' }
      await at.channel.assertQueue(queue, queue === 'own' ? { arguments: toOwn } : {})
    }
    const dead = { 'dead-letter-exchange': '', 'dead-letter-routing-key': 'dead' }
    await at.policy('dlx', dead, { pattern: '^(q|own)$' })
    for (const queue of ['q', 'own']) {
      await at.publish(queue, queue)
      const message = await at.get(queue, {})
      at.channel.nack(message as GetMessage, false, false)
    }
    await until(async () => (await at.count('dead')) + (await at.count('theirs')) === 2)
    assert.deepEqual([await at.all('dead'), await at.all('theirs')], [['q'], ['own']])
  })

  it('alternate-exchange: of exchanges there and to come, and after a restart', async (t) => {
    const at = await place(t)
    await at.channel.assertExchange('there', 'direct')
    await at.channel.assertExchange('spare', 'fanout')
    await at.channel.assertQueue('q')
    await at.channel.bindQueue('q', 'spare', '')
    await at.policy('ae', { 'alternate-exchange': 'spare' }, { applyTo: 'exchanges' })
    await at.channel.assertExchange('later', 'direct')
    for (const round of [1, 2]) {
      for (const exchange of ['there', 'later', 'amq.direct']) {
        at.channel.publish(exchange, 'nowhere', Buffer.from(exchange))
      }
      await at.channel.waitForConfirms()
      assert.deepEqual(await at.all('q'), ['there', 'later', 'amq.direct'], `round ${round}`)
      if (round === 1) await at.restart()
    }
    await at.made.door.administration.policies.clear('/', 'ae')
    at.channel.publish('there', 'nowhere', Buffer.from('x'))
    await at.channel.waitForConfirms()
    assert.equal(await at.count('q'), 0)
  })

  it('of an operator: a cap on arguments and policies', async (t) => {
    const at = await place(t)
    await at.channel.assertQueue('q', { arguments: { 'x-max-length': 5 } })
    await at.policy('usual', { 'max-length': 4 })
    await at.policy('cap', { 'max-length': 2 }, { operator: true })
    await at.publish('q', '1', '2', '3')
    assert.deepEqual(await at.all('q'), ['2', '3'])
    await at.policy('cap', { 'max-length': 100 }, { operator: true })
    await at.publish('q', '1', '2', '3', '4', '5')
    assert.deepEqual(await at.all('q'), ['2', '3', '4', '5'])
  })

  it('that a crash kept from its queues reach them at the next start', async (t) => {
    const at = await place(t)
    await at.channel.assertQueue('q')
    const rest = { pattern: '', applyTo: 'all', priority: 0, definition: { 'max-length': 1 } }
    const value = Buffer.from(JSON.stringify(rest))
    await at.made.broker.records.put([{ key: 'amqp/policy//\0short', value }])
    await at.publish('q', '1', '2')
    assert.equal(await at.count('q'), 2)
    await at.restart()
    await until(async () => (await at.count('q')) === 1)
  })

  it('of a definitions file are taken over, both kinds', async (t) => {
    const at = await place(t)
    const rest = { pattern: '^q$', 'apply-to': 'queues', priority: 0 }
    const usual = { vhost: '/', name: 'u', ...rest, definition: { 'max-length': 3 } }
    const value = { ...rest, definition: { 'max-length': 1 } }
    const operator = { vhost: '/', component: 'operator_policy', name: 'o', value }
    const json = JSON.stringify({ policies: [usual], parameters: [operator] })
    assert.equal((await at.made.door.importDefinitions(json)).policies, 2)
    assert.deepEqual(at.made.warnings, [])
    await at.channel.assertQueue('q')
    await at.publish('q', '1', '2')
    assert.deepEqual(await at.all('q'), ['2'])
  })
})

describe('delivery limits', { timeout: 60_000 }, () => {
  const counts = async (at: Place, queue: string) => {
    const seen: unknown[] = []
    for (let next = await at.get(queue, {}); next; next = await at.get(queue, {})) {
      seen.push(next.properties.headers?.['x-delivery-count'])
      at.channel.nack(next)
    }
    return seen
  }

  it('of an argument: over it, a message is dead-lettered with its history', async (t) => {
    const at = await place(t)
    const dead = { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'dead' }
    await at.channel.assertQueue('dead')
    const limited = { 'x-queue-type': 'quorum', 'x-delivery-limit': 2, ...dead }
    await at.channel.assertQueue('q', { arguments: limited })
    await at.publish('q', 'm')
    assert.deepEqual(await counts(at, 'q'), [0, 1, 2])
    await until(async () => (await at.count('dead')) === 1)
    const { properties } = (await at.get('dead')) as GetMessage
    const death = properties.headers?.['x-death']?.[0]
    assert.deepEqual([death?.reason, death?.queue, death?.count], ['delivery_limit', 'q', 1])
    assert.equal(properties.headers?.['x-delivery-count'], undefined)
  })

  it('of a policy, on a classic queue: with nowhere to go it is parked, not lost', async (t) => {
    const at = await place(t)
    await at.channel.assertQueue('q')
    await at.policy('limit', { 'delivery-limit': 1, 'dead-letter-exchange': 'none' })
    await at.publish('q', 'm')
    assert.deepEqual(await counts(at, 'q'), [0, 1])
    await until(async () => at.made.broker.queues()[0]!.parked === 1)
    await at.restart()
    const [queue] = at.made.broker.queues()
    assert.deepEqual([queue!.ready, queue!.parked], [0, 1])
  })

  it('by default: 20 for quorum queues, none for classic ones', async (t) => {
    const at = await place(t)
    await at.channel.assertQueue('quorum', { arguments: { 'x-queue-type': 'quorum' } })
    await at.publish('quorum', 'm')
    assert.equal((await counts(at, 'quorum')).length, 21)
    await at.channel.assertQueue('classic')
    await at.publish('classic', 'm')
    for (let i = 0; i < 30; i++) {
      const next = (await at.get('classic', {})) as GetMessage
      assert.equal(next.properties.headers?.['x-delivery-count'], undefined)
      at.channel.nack(next)
    }
  })

  it('count what a closed channel leaves behind, and tell consumers from then on', async (t) => {
    const at = await place(t)
    await at.channel.assertQueue('q', { arguments: { 'x-delivery-limit': 2 } })
    await at.publish('q', 'm')
    const seen: unknown[] = []
    for (let i = 0; i < 3; i++) {
      const client = await at.made.client()
      const channel = await client.createChannel()
      const { promise, resolve } = Promise.withResolvers<void>()
      await channel.consume('q', (message) => {
        seen.push(message?.properties.headers?.['x-delivery-count'])
        resolve()
      })
      await promise
      await (i === 1 ? client.close() : channel.close())
      if (i !== 1) await client.close()
    }
    assert.deepEqual(seen, [undefined, 1, 2])
    await until(async () => at.made.broker.queues()[0]!.parked === 1)
  })
})
