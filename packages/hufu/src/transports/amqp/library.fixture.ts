import type { TestContext } from 'node:test'
import type { Place } from '../../inbox/consume.fixture.ts'
import { inWorld } from '../../world.fixture.ts'
import { amqp } from './amqp.ts'
import { ownPrefix, removeOf, type ServerName, serverUrl } from './server.fixture.ts'

/** Everything that the services of these tests declare. */
const QUEUES = ['placed/g', 'late/h', 'hufu.receipts/one']

/** A rule on one of the servers, with a prefix of its own. */
export function inServer(name: ServerName, rule: (place: Place) => Promise<void>) {
  return async (t: TestContext) => {
    const url = await serverUrl(t, name)
    if (url === undefined) return
    const prefix = ownPrefix()
    const transport = amqp({ url, prefix })
    const inside = inWorld(async (world) => {
      const service: Place['service'] = (each, options) => {
        return world.service(each, { transport, ...options })
      }
      await rule({ transport, alerts: world.alerts, service })
    })
    await inside()
    await removeOf(url, prefix, QUEUES)
  }
}
