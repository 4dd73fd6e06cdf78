import assert from 'node:assert/strict'
import { after, describe, it, type TestContext } from 'node:test'
import { connect } from 'amqplib'
import type { Delivery, Outgoing, SubscribeRequest, Transport } from '../../ports/transport.ts'
import { until } from '../../world.fixture.ts'
import { amqp } from './amqp.ts'
import type { AmqpOptions } from './options.ts'
import {
  certificate,
  endServer,
  HufuServer,
  ownPrefix,
  removeOf,
  SERVERS,
  type ServerName,
  serverUrl,
} from './server.fixture.ts'
import { Wire } from './wire.fixture.ts'

after(endServer)

const OK = { ok: true }

/** A transport that is open, behind a wire, with the groups `a` and `b` of the event `e`. */
class Scene {
  readonly prefix = ownPrefix()
  readonly url: string
  readonly wire: Wire
  readonly got: Delivery[] = []
  readonly ends: string[] = []
  transport!: Transport

  constructor(url: string, wire: Wire) {
    this.url = url
    this.wire = wire
  }

  async open(options: Partial<AmqpOptions>): Promise<void> {
    this.transport = amqp({ url: this.wire.url, prefix: this.prefix, ...options })
    await this.transport.open()
    await this.transport.declare('e', ['a', 'b'])
  }

  subscribe(more: Partial<SubscribeRequest> = {}) {
    return this.transport.subscribe({
      event: 'e',
      group: 'a',
      credit: 10,
      keyOrder: false,
      onDeliveries: (batch) => this.got.push(...batch),
      onEnd: (cause) => this.ends.push(cause.message),
      ...more,
    })
  }

  async ids(count: number): Promise<string[]> {
    await until(`${count} are delivered`, () => this.got.length >= count)
    return this.got.map(({ id }) => id)
  }
}

function inScene(
  name: ServerName,
  fn: (scene: Scene) => Promise<void>,
  options: Partial<AmqpOptions> = {},
) {
  return async (t: TestContext) => {
    const url = await serverUrl(t, name)
    if (url === undefined) return
    const wire = await new Wire(url).open()
    const scene = new Scene(url, wire)
    try {
      await scene.open(options)
      await fn(scene)
    } finally {
      await scene.transport.close()
      await wire.close()
      await removeOf(url, scene.prefix, ['e/a', 'e/b', '128ms', '160ms'])
    }
  }
}

function message(id: string, more: Partial<Outgoing> = {}): Outgoing {
  return { event: 'e', groups: ['a'], id, headers: {}, body: Buffer.from('{}'), ...more }
}

for (const name of SERVERS) {
  describe(`amqp on ${name}, faults`, () => {
    it(
      'a lost connection ends subscriptions with a cause; the next calls connect again',
      inScene(name, async (scene) => {
        await scene.subscribe()
        await scene.subscribe({ group: 'b', keyOrder: true })
        scene.wire.cut()
        await until('both end', () => scene.ends.length === 2)
        assert.match(scene.ends.join(), /Consuming e\/a: .*lost/)
        const send = () => scene.transport.publish([message('1')]).catch(() => undefined)
        const [outcome] = await until('it is sent', send)
        assert.deepEqual(outcome, OK)
        await scene.subscribe()
        assert.deepEqual(await scene.ids(1), ['1'])
      }),
    )

    it(
      'without a server publish rejects and says where it tried, but no password',
      inScene(name, async (scene) => {
        scene.wire.refuse(true)
        scene.wire.cut()
        const told = await until('it says so', () =>
          scene.transport.publish([message('1')]).then(
            () => undefined,
            ({ message: text }: Error) => text.startsWith('Connecting to') && text,
          ),
        )
        assert.match(told, /^Connecting to amqp:\/\/127\.0\.0\.1:\d+: /)
        assert.ok(!told.includes(new URL(scene.url).password || 'no password in it'))
      }),
    )

    it(
      'what a silent server does not confirm is refused, to be tried again; closing ends',
      inScene(
        name,
        async (scene) => {
          await scene.subscribe()
          await scene.subscribe({ group: 'b', keyOrder: true })
          await scene.transport.publish([message('0')])
          scene.wire.silence()
          const outcomes = await scene.transport.publish([message('1'), message('2')])
          assert.deepEqual(
            outcomes.map((outcome) => !outcome.ok && [outcome.code, outcome.retriable]),
            [
              ['TIMEOUT', true],
              ['TIMEOUT', true],
            ],
          )
        },
        { publishTimeoutMs: 1_000 },
      ),
    )

    it(
      'a message over the limit is refused for good, the others of its batch are sent',
      inScene(
        name,
        async (scene) => {
          const large = message('large', { body: Buffer.alloc(1001) })
          const [one, two, three] = await scene.transport.publish([
            message('1'),
            large,
            message('3'),
          ])
          assert.deepEqual([one, three], [OK, OK])
          assert.ok(two && !two.ok && !two.retriable)
          assert.equal(two.code, 'MESSAGE_TOO_LARGE')
          assert.match(two.cause, /1001 bytes, limit 1000/)
        },
        { messageBytesMax: 1000 },
      ),
    )

    it(
      'a queue that somebody deleted is made again, and the message not taken for sent',
      inScene(name, async (scene) => {
        const connection = await connect(scene.url)
        const channel = await connection.createChannel()
        await channel.deleteQueue(`${scene.prefix}/e/a`)
        await connection.close()
        const [refused] = await scene.transport.publish([message('1')])
        assert.ok(refused && !refused.ok && refused.retriable)
        assert.equal(refused.code, 'UNROUTABLE')
        assert.deepEqual(await scene.transport.publish([message('1')]), [OK])
        await scene.subscribe()
        assert.deepEqual(await scene.ids(1), ['1'])
      }),
    )

    it(
      'an exchange or a wait that somebody deleted is made again, with every binding',
      inScene(name, async (scene) => {
        const other = amqp({ url: scene.url, prefix: scene.prefix })
        await other.open()
        const connection = await connect(scene.url)
        const channel = await connection.createChannel()
        const send = (from: Transport, id: string, delayMs: number) =>
          until(`${id} is sent`, async () => {
            const [outcome] = await from.publish([message(id, { delayMs })])
            assert.ok(outcome!.ok || outcome!.retriable)
            return outcome!.ok
          })
        await send(scene.transport, '1', 100)
        await channel.deleteQueue(`${scene.prefix}/128ms`)
        await send(scene.transport, '2', 100)
        await channel.deleteExchange(`${scene.prefix}/128ms`)
        await send(scene.transport, '3', 100)
        await scene.subscribe()
        await until('3 is there', () => scene.got.some(({ id }) => id === '3'))
        await channel.deleteExchange(scene.prefix)
        // It has not declared the group, and no other publisher has noticed anything.
        await send(other, '4', 0)
        await channel.deleteExchange(scene.prefix)
        await send(scene.transport, '5', 0)
        await until('all are there', () => {
          const ids = scene.got.map(({ id }) => id)
          return ['3', '4', '5'].every((id) => ids.includes(id))
        })
        await connection.close()
        await other.close()
      }),
    )

    it(
      'what cannot be made refuses the messages that need it, and no others',
      inScene(name, async (scene) => {
        const connection = await connect(scene.url)
        const channel = await connection.createChannel()
        await channel.deleteQueue(`${scene.prefix}/e/b`)
        await channel.assertQueue(`${scene.prefix}/e/b`, { exclusive: true })
        await channel.assertExchange(`${scene.prefix}/128ms`, 'direct')
        const toB = message('b', { groups: ['b'] })
        const [first] = await scene.transport.publish([toB])
        assert.ok(first && !first.ok && first.retriable)
        const sent = [toB, message('late', { delayMs: 100 }), message('1')]
        const [b, late, one] = await scene.transport.publish(sent)
        assert.ok(b && !b.ok && b.retriable)
        assert.match(b.cause, /RESOURCE_LOCKED/)
        assert.ok(late && !late.ok && late.retriable)
        assert.match(late.cause, /PRECONDITION_FAILED/)
        assert.deepEqual(one, OK)
        await channel.deleteExchange(`${scene.prefix}/128ms`)
        await connection.close()
        assert.deepEqual(await scene.transport.publish(sent), [OK, OK, OK])
      }),
    )

    it(
      'a queue that is there with other arguments is taken as it is',
      inScene(name, async (scene) => {
        const connection = await connect(scene.url)
        const channel = await connection.createChannel()
        const queue = `${scene.prefix}/e/c`
        await channel.assertQueue(queue, { maxLength: 9, arguments: { 'x-queue-type': 'classic' } })
        await scene.transport.declare('e', ['a', 'c'])
        const sent = message('1', { groups: ['a', 'c'] })
        assert.deepEqual(await scene.transport.publish([sent]), [OK])
        await scene.subscribe({ group: 'c' })
        assert.deepEqual(await scene.ids(1), ['1'])
        await channel.deleteQueue(queue)
        await connection.close()
      }),
    )

    it(
      'a consumer whose queue is deleted is told; the next one gets a new queue',
      inScene(name, async (scene) => {
        await scene.subscribe()
        const connection = await connect(scene.url)
        const channel = await connection.createChannel()
        await channel.deleteQueue(`${scene.prefix}/e/a`)
        await connection.close()
        await until('it ends', () => scene.ends.length === 1)
        assert.match(scene.ends[0]!, /is gone/)
        await scene.subscribe()
        assert.deepEqual(await scene.transport.publish([message('1')]), [OK])
        assert.deepEqual(await scene.ids(1), ['1'])
      }),
    )

    it(
      'odd ids, keys and headers arrive as they were; a header called CC leads nowhere',
      inScene(name, async (scene) => {
        const odd = '虎'.repeat(255)
        const headers = { CC: `${scene.prefix}/e/b`, 'x-death': 'no', '': 'empty' }
        const sent = message(odd, { key: odd, headers })
        assert.deepEqual(await scene.transport.publish([sent]), [OK])
        await scene.subscribe()
        await scene.ids(1)
        const { id, key, headers: came } = scene.got[0]!
        assert.deepEqual({ id, key, headers: came }, { id: odd, key: odd, headers })
        await scene.subscribe({ group: 'b' })
        await scene.transport.publish([message('b', { groups: ['b'] })])
        assert.deepEqual((await scene.ids(2))[1], 'b')
      }),
    )

    it(
      'a message of a foreign publisher is delivered, without an id by its body',
      inScene(name, async (scene) => {
        await scene.subscribe()
        const connection = await connect(scene.url)
        const channel = await connection.createChannel()
        const queue = `${scene.prefix}/e/a`
        channel.sendToQueue(queue, Buffer.from('{}'), { messageId: 'theirs' })
        channel.sendToQueue(queue, Buffer.from('{}'), { headers: { 'hufu-headers': '{' } })
        const [first, second] = await scene.ids(2)
        assert.equal(first, 'theirs')
        assert.match(second!, /^body [0-9a-f]{32}$/)
        await connection.close()
      }),
    )

    it(
      'a delayed message to several groups goes to each of them',
      inScene(name, async (scene) => {
        const sent = message('1', { groups: ['a', 'b'], delayMs: 130, key: 'k' })
        assert.deepEqual(await scene.transport.publish([sent]), [OK])
        await scene.subscribe()
        await scene.subscribe({ group: 'b' })
        await scene.ids(2)
        assert.deepEqual(scene.got.map(({ group, id, key }) => [group, id, key]).sort(), [
          ['a', '1', 'k'],
          ['b', '1', 'k'],
        ])
      }),
    )

    it(
      'a delay longer than the longest wait waits again',
      inScene(name, async (scene) => {
        await scene.transport.publish([message('1', { delayMs: 130 })])
        await scene.subscribe()
        await scene.ids(1)
        const connection = await connect(scene.url)
        const channel = await connection.createChannel()
        const from = performance.now()
        const options = { messageId: '2', headers: { 'hufu-left-ms': 150 } }
        channel.sendToQueue(`${scene.prefix}/e/a`, Buffer.from('{}'), options)
        assert.equal((await scene.ids(2))[1], '2')
        assert.ok(performance.now() - from >= 150)
        await connection.close()
      }),
    )

    it(
      'what is settled while it is delivered is settled, in order of key from the first one on',
      inScene(name, async (scene) => {
        const ids = [...Array(300).keys()].map(String)
        await scene.transport.publish(ids.map((id) => message(id, { key: id.slice(-1) })))
        const settled: string[] = []
        for (let round = 0; round < 5; round++) {
          const subscription = scene.subscribe({
            keyOrder: true,
            onDeliveries: (batch) => {
              const done = batch.map(({ handle }) => ({ handle, outcome: 'done' }) as const)
              settled.push(...batch.map(({ id }) => id))
              void subscription.then((own) => own.settle(done))
            },
          })
          await until('all are settled', () => settled.length === ids.length * (round + 1))
          await (await subscription).close()
          await scene.transport.publish(ids.map((id) => message(id, { key: id.slice(-1) })))
        }
      }),
    )

    it(
      'one subscription in order of key at a time; the next takes over when it closes',
      inScene(name, async (scene) => {
        const other = amqp({ url: scene.url, prefix: scene.prefix })
        await other.open()
        const seen: string[] = []
        const request = { event: 'e', group: 'a', credit: 10, keyOrder: true, onEnd: () => {} }
        const first = await scene.subscribe({ keyOrder: true })
        await scene.transport.publish([message('1', { key: 'k' }), message('2', { key: 'k' })])
        assert.deepEqual(await scene.ids(1), ['1'])
        const onDeliveries = (batch: Delivery[]) => seen.push(...batch.map(({ id }) => id))
        const second = await other.subscribe({ ...request, onDeliveries })
        await new Promise((resolve) => setTimeout(resolve, 200))
        assert.deepEqual(seen, [])
        await first.close()
        await until('the other goes on', () => seen.length > 0)
        assert.deepEqual(seen, ['1'])
        await second.close()
        await other.close()
      }),
    )
  })
}

it('an address where nobody is, or that cannot be read, is refused with words', async () => {
  const nobody = amqp({ url: ['amqp://u:secret@127.0.0.1:1', 'amqp://[::1]:1'], openTimeoutMs: 0 })
  await assert.rejects(nobody.open(), (error: Error) => {
    assert.match(error.message, /amqp:\/\/127\.0\.0\.1:1: .*; amqp:\/\/\[::1\]:1: /)
    return !error.message.includes('secret')
  })
  for (const url of ['http://localhost', 'amqp://:x:y', []]) {
    assert.throws(() => amqp({ url }), { code: 'ARGUMENT' })
  }
  for (const prefix of ['', 'a/b', 'amq.x']) {
    assert.throws(() => amqp({ url: 'amqp://localhost', prefix }), { code: 'ARGUMENT' })
  }
})

it('a wrong password is refused at once', async (t) => {
  const url = await serverUrl(t, 'Hufu')
  const wrong = new URL(url!)
  wrong.username = 'guest'
  wrong.password = 'wrong'
  const from = performance.now()
  await assert.rejects(amqp({ url: wrong.href, openTimeoutMs: 60_000 }).open(), /ACCESS_REFUSED/)
  assert.ok(performance.now() - from < 30_000)
})

it('of several addresses the first that answers is taken', async (t) => {
  const url = await serverUrl(t, 'Hufu')
  const transport = amqp({ url: ['amqp://127.0.0.1:1', url!], openTimeoutMs: 0 })
  await transport.open()
  await transport.close()
})

it('a server that comes back with nothing gets the queues again', async (t) => {
  const server = await HufuServer.start()
  t.after(() => server.remove())
  const transport = amqp({ url: server.url })
  await transport.open()
  await transport.declare('e', ['a', 'b'])
  await server.empty()
  const got: string[] = []
  const subscribe = () =>
    transport.subscribe({
      ...{ event: 'e', group: 'a', credit: 1, keyOrder: false },
      onDeliveries: (batch) => got.push(...batch.map(({ id }) => id)),
      onEnd: () => {},
    })
  await until('it is there again', () => subscribe().catch(() => undefined))
  const sent = message('1', { groups: ['a', 'b'] })
  assert.deepEqual(await transport.publish([sent]), [OK])
  await until('it is delivered', () => got.length === 1)
  await transport.close()
})

it('a queue that the server does not allow is not taken for one that is there', async (t) => {
  const server = await HufuServer.start({ queuesMax: 1 })
  t.after(() => server.remove())
  const transport = amqp(server.url)
  await transport.open()
  await transport.declare('e', ['a'])
  await assert.rejects(transport.declare('e', ['b']), /there are 1 queues/)
  assert.deepEqual(await transport.publish([message('1')]), [OK])
  await transport.close()
})

it('amqps: a server under a known authority is trusted, another one is not', async (t) => {
  const server = await HufuServer.start()
  t.after(() => server.remove())
  const url = await server.secureUrl()
  const trusting = amqp({ url, tls: { ca: certificate('ca.pem') } })
  await trusting.open()
  await trusting.declare('e', ['a'])
  assert.deepEqual(await trusting.publish([message('1')]), [OK])
  await trusting.close()
  await assert.rejects(amqp({ url, openTimeoutMs: 0 }).open(), /amqps:.*certificate/)
})
