import { type AmqpQueue, coreNameOf } from '../amqp-queue.ts'
import type { VirtualHost } from '../virtual-host.ts'
import { trying } from './administration-error.ts'
import { type AdministrationHost, demandVhost } from './administration-host.ts'
import { argumentsOf, type JsonTable, jsonOf } from './json-value.ts'
import { byName } from './user-administration.ts'

/** So that clients need not wait for a long list. */
const LISTED_PER_TURN = 500

/** A queue as an administrator sees it. */
export interface QueueInfo {
  readonly vhost: string
  readonly name: string
  readonly type: 'classic' | 'quorum'
  readonly durable: boolean
  /** Only the connection that declared it may use it, and it goes with that one. */
  readonly exclusive: boolean
  readonly autoDelete: boolean
  readonly arguments: JsonTable
  /** Messages by what they wait for: a consumer, its ack, their time, a person. */
  readonly ready: number
  readonly unsettled: number
  readonly delayed: number
  readonly parked: number
  /** As stored, of all of them. */
  readonly bytes: number
  readonly consumers: number
  /** Names of the policies that apply to it. */
  readonly policy?: string
  readonly operatorPolicy?: string
}

/** A queue to be made; arguments as JSON, such as `{ "x-queue-type": "quorum" }`. */
export interface NewQueue {
  readonly name: string
  readonly autoDelete: boolean
  readonly arguments: Readonly<Record<string, unknown>>
}

/** The queues of all virtual hosts. */
export class QueueAdministration {
  readonly #host: AdministrationHost

  constructor(host: AdministrationHost) {
    this.#host = host
  }

  /** Of one virtual host, or of all, by name. `unknown`. */
  list(vhost?: string): Promise<QueueInfo[]> {
    return trying('list queues', async () => {
      const all = vhost === undefined ? byName([...this.#host.vhosts()]) : [this.#vhost(vhost)]
      const found: QueueInfo[] = []
      for (const each of all) {
        for (const queue of byName(each.queues())) {
          found.push(this.#info(each, queue))
          if (found.length % LISTED_PER_TURN === 0) await this.#turn()
        }
      }
      return found
    })
  }

  /**
   * Makes a durable queue; no effect where it is there and the same. `unknown`, `argument`,
   * `refused`: it is there and different.
   */
  add(vhost: string, { name, autoDelete, arguments: args }: NewQueue): Promise<void> {
    return trying(`add queue '${name}'`, () => {
      const lasting = { durable: true, exclusive: false, autoDelete }
      const declared = { name, ...lasting, arguments: argumentsOf(args) }
      return this.#vhost(vhost).declareQueue(declared, { connection: 0, named: true })
    })
  }

  /** Also of an exclusive queue. Gives the number of messages that went. `unknown`. */
  delete(vhost: string, name: string): Promise<number> {
    return trying(`delete queue '${name}'`, async () => {
      const host = this.#vhost(vhost)
      const queue = demandQueue(host, name)
      const { ready, unsettled, delayed, parked } = this.#info(host, queue)
      await host.deleteQueue(name, queue.owner, { ifUnused: false, ifEmpty: false })
      return ready + unsettled + delayed + parked
    })
  }

  /** Removes what is ready; gives their number. What consumers have, and parked ones, stay. */
  purge(vhost: string, name: string): Promise<number> {
    return trying(`purge queue '${name}'`, () => {
      return this.#host.broker.purge(demandQueue(this.#vhost(vhost), name).coreName)
    })
  }

  #turn(): Promise<void> {
    return new Promise((resolve) => this.#host.os.clock.turn(resolve))
  }

  #vhost(name: string): VirtualHost {
    return demandVhost(this.#host, name)
  }

  #info(vhost: VirtualHost, queue: AmqpQueue): QueueInfo {
    const { durable, exclusive, autoDelete, arguments: args } = queue.declared
    const { policy, operator } = vhost.policiesOf(queue)
    const stats = this.#host.broker.queue(queue.coreName)
    return {
      ...{ vhost: vhost.name, name: queue.name, type: queue.given.type },
      ...{ durable, exclusive, autoDelete, arguments: jsonOf(args) },
      ready: stats?.ready ?? 0,
      unsettled: stats?.unsettled ?? 0,
      delayed: stats?.delayed ?? 0,
      parked: stats?.parked ?? 0,
      bytes: stats?.bytes ?? 0,
      consumers: queue.consumers.size,
      ...(policy !== undefined && { policy }),
      ...(operator !== undefined && { operatorPolicy: operator }),
    }
  }
}

/** Also one that a connection has for itself; throws 404. */
export function demandQueue(vhost: VirtualHost, name: string): AmqpQueue {
  return findQueue(vhost, name) ?? vhost.queueOf(0, name)
}

export function findQueue(vhost: VirtualHost, name: string): AmqpQueue | undefined {
  return vhost.queueBehind(coreNameOf(vhost.name, name))
}
