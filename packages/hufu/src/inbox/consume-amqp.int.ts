import { after, describe, it } from 'node:test'
import { inServer } from '../transports/amqp/library.fixture.ts'
import { endServer, SERVERS } from '../transports/amqp/server.fixture.ts'
import { CONSUME_RULES } from './consume.fixture.ts'

after(endServer)

for (const name of SERVERS) {
  describe(`consume over amqp on ${name}`, () => {
    for (const [rule, holds] of Object.entries(CONSUME_RULES)) it(rule, inServer(name, holds))
  })
}
