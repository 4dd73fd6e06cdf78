import { after } from 'node:test'
import { transportContract } from '../../testing/transport-contract.ts'
import { amqp } from './amqp.ts'
import { endServer, ownPrefix, removeOf, SERVERS, serverUrl } from './server.fixture.ts'

after(endServer)

for (const name of SERVERS) {
  transportContract(`amqp on ${name}`, async (t) => {
    const url = await serverUrl(t, name)
    if (url === undefined) return undefined
    const prefix = ownPrefix()
    const queues = ['e/a', 'e/b', 'e/c', '160ms']
    return { transport: amqp({ url, prefix }), remove: () => removeOf(url, prefix, queues) }
  })
}
