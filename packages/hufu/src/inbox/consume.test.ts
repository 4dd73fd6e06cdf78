import { describe, it } from 'node:test'
import type { SubscribeRequest, Transport } from '../ports/transport.ts'
import { inWorld, type World } from '../world.fixture.ts'
import { CONSUME_RULES, type Place } from './consume.fixture.ts'

describe('consume over embedded', () => {
  for (const [rule, holds] of Object.entries(CONSUME_RULES)) it(rule, inWorld(holds))
})

describe('consume over a transport that counts no attempts', () => {
  for (const [rule, holds] of Object.entries(CONSUME_RULES)) {
    it(
      rule,
      inWorld((world) => holds(uncounted(world))),
    )
  }
})

/** The world's transport, forgetting how often a message has failed. */
function uncounted(world: World): Place {
  const { transport: counting, alerts } = world
  const subscribe = (request: SubscribeRequest) => {
    const onDeliveries: SubscribeRequest['onDeliveries'] = (batch) =>
      request.onDeliveries(batch.map((delivery) => ({ ...delivery, attempts: 0 })))
    return counting.subscribe({ ...request, onDeliveries })
  }
  const transport: Transport = {
    name: 'uncounted',
    flags: { ...counting.flags, attempts: false, prepared: false },
    open: () => counting.open(),
    declare: (...args) => counting.declare(...args),
    publish: (batch) => counting.publish(batch),
    subscribe,
    close: () => counting.close(),
  }
  return {
    ...{ transport, alerts },
    service: (name, options) => world.service(name, { transport, ...options }),
  }
}
