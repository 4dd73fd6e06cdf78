import { after } from 'node:test'
import { inServer } from '../transports/amqp/library.fixture.ts'
import { endServer, SERVERS } from '../transports/amqp/server.fixture.ts'
import { consumeRules } from './consume.fixture.ts'

after(endServer)

for (const name of SERVERS) consumeRules(`amqp on ${name}`, inServer(name))
