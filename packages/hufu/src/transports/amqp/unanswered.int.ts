import assert from 'node:assert/strict'
import { after, describe, it, type TestContext } from 'node:test'
import { inWorld, orderSchema, until, type World } from '../../world.fixture.ts'
import { amqp } from './amqp.ts'
import {
  endServer,
  ownPrefix,
  removeOf,
  SERVERS,
  type ServerName,
  serverUrl,
} from './server.fixture.ts'
import { Wire } from './wire.fixture.ts'

after(endServer)

const QUEUE_DECLARE_OK = [50, 11] as const
const CONSUME_OK = [60, 21] as const
const CHANNEL_OPEN_OK = [20, 11] as const

const ANSWER_MS = 1_000

/** A service whose server, its connection living, leaves some questions without an answer. */
function behindWire(name: ServerName, rule: (world: World, wire: Wire) => Promise<void>) {
  return async (t: TestContext) => {
    const url = await serverUrl(t, name)
    if (url === undefined) return
    const wire = await new Wire(url).open()
    const prefix = ownPrefix()
    const own = { url: wire.url, prefix, publishTimeoutMs: ANSWER_MS }
    const inside = inWorld(async (world) => {
      const service = world.service.bind(world)
      const transport = amqp(own)
      world.service = (each, more) => service(each, { transport, ...more })
      await rule(world, wire)
    })
    await inside()
    await wire.close()
    await removeOf(url, prefix, ['placed/g', 'hufu.receipts/one', '128ms', '160ms'])
  }
}

function one(world: World) {
  const service = world.service('one')
  const Placed = service.event('placed', orderSchema, { groups: ['g'] })
  const handled: string[] = []
  Placed.consume('g', (_tx, _order, { id }) => void handled.push(id))
  const publish = (id: string, delay?: string) =>
    service.store.transaction((tx) =>
      Placed.publish(tx, { sku: 's', cents: 1 }, { id, ...(delay && { delay: delay as '1s' }) }),
    )
  return { service, handled, publish }
}

for (const name of SERVERS) {
  describe(`amqp on ${name}, questions without an answer`, () => {
    it(
      'a declaration without an answer refuses the messages that need it, and no others',
      behindWire(name, async (world, wire) => {
        const { service, handled, publish } = one(world)
        await service.start()
        wire.drop(QUEUE_DECLARE_OK)
        await publish('late', '100ms')
        await publish('soon')
        const words = /Sending placed late: .*no answer within 1000 ms/
        await until('it is told', () => world.warnings.some((text) => words.test(text)))
        await until('the other one is handled', () => handled.length === 1)
        assert.deepEqual(handled, ['soon'])
        wire.drop(undefined)
        await until('both are handled', () => handled.length === 2)
      }),
    )

    it('a consumption without an answer ends no other one', async (t) => {
      const url = await serverUrl(t, name)
      if (url === undefined) return
      const wire = await new Wire(url).open()
      const prefix = ownPrefix()
      const transport = amqp({ url: wire.url, prefix, publishTimeoutMs: ANSWER_MS })
      await transport.open()
      await transport.declare('placed', ['g', 'h'])
      const ends: Error[] = []
      const subscribe = (group: string) =>
        transport.subscribe({
          ...{ event: 'placed', group, credit: 1, keyOrder: false, onDeliveries: () => {} },
          onEnd: (cause) => void ends.push(cause),
        })
      await subscribe('g')
      wire.drop(CONSUME_OK)
      await assert.rejects(subscribe('h'), /no answer within 1000 ms$/)
      wire.drop(undefined)
      await subscribe('h')
      assert.deepEqual(ends, [])
      await transport.close()
      await wire.close()
      await removeOf(url, prefix, ['placed/g', 'placed/h'])
    })

    for (const [what, method] of [
      ['consumption', CONSUME_OK],
      ['channel', CHANNEL_OPEN_OK],
    ] as const) {
      it(
        `a ${what} that the server does not answer for fails the start; stop ends`,
        behindWire(name, async (world, wire) => {
          const { service, handled, publish } = one(world)
          wire.drop(method)
          await assert.rejects(service.start(), /no answer within 1000 ms/)
          await service.stop({ drainMs: 100 })
          wire.drop(undefined)
          await service.start()
          await publish('a')
          await until('it is handled', () => handled.length === 1)
        }),
      )
    }
  })
}
