import type { Exported } from '../../../auth/definitions-export.ts'
import { writeDefinitions } from '../../../auth/definitions-export.ts'
import { PREDECLARED } from '../../../routing/exchange.ts'
import type { Imported } from '../definitions.ts'
import type { VirtualHost } from '../virtual-host.ts'
import { trying } from './administration-error.ts'
import type { AdministrationHost } from './administration-host.ts'
import { jsonOf } from './json-value.ts'
import { policiesIn } from './policy-administration.ts'

const SYSTEM = new Set(PREDECLARED.map(({ name }) => name))

/** Everything but messages, in the form of RabbitMQ's definitions files. */
export class DefinitionsAdministration {
  readonly #host: AdministrationHost

  constructor(host: AdministrationHost) {
    this.#host = host
  }

  /**
   * Users, virtual hosts, permissions, policies, and what of exchanges, queues and bindings is
   * durable. `forRabbit`: for a RabbitMQ, which knows no scrypt: users with such a hash get none.
   */
  export(options: { forRabbit?: boolean } = {}): object {
    const { gate, product, version } = this.#host
    const vhosts = [...this.#host.vhosts()]
    const exported: Exported = {
      users: gate.users.users(),
      vhosts: gate.users.vhosts(),
      permissions: gate.users.permissions(),
      topicPermissions: gate.users.topicPermissions(),
      policies: vhosts.flatMap((each) => [...policiesIn(each, false), ...policiesIn(each, true)]),
      exchanges: vhosts.flatMap(exchangesOf),
      queues: vhosts.flatMap(queuesOf),
      bindings: vhosts.flatMap(bindingsOf),
    }
    return writeDefinitions(exported, { product, version, ...options })
  }

  /** As `AmqpDoor.importDefinitions`: what came before the first that is wrong stays. */
  import(json: string): Promise<Imported> {
    return trying('import definitions', () => this.#host.importDefinitions(json))
  }
}

function exchangesOf(vhost: VirtualHost): Exported['exchanges'] {
  const lasting = vhost.routing.exchanges().filter(({ name, durable }) => {
    return durable && !SYSTEM.has(name)
  })
  return lasting.map((each) => ({ ...each, vhost: vhost.name, arguments: jsonOf(each.arguments) }))
}

function queuesOf(vhost: VirtualHost): Exported['queues'] {
  const lasting = vhost.queues().filter(({ declared }) => declared.durable && !declared.exclusive)
  return lasting.map(({ declared: { name, durable, autoDelete, arguments: args } }) => {
    return { vhost: vhost.name, name, durable, autoDelete, arguments: jsonOf(args) }
  })
}

/** Those with two durable ends. */
function bindingsOf(vhost: VirtualHost): Exported['bindings'] {
  const queues = new Set(queuesOf(vhost).map(({ name }) => name))
  const isDurable = (exchange: string) => vhost.routing.exchange(exchange)?.durable === true
  const lasting = vhost.routing.bindings().filter(({ source, destination: { kind, name } }) => {
    return isDurable(source) && (kind === 'queue' ? queues.has(name) : isDurable(name))
  })
  return lasting.map((each) => ({ ...each, vhost: vhost.name, arguments: jsonOf(each.arguments) }))
}
