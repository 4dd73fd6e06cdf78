import type { Broker } from '../../../api.ts'
import type { RecordChange, VirtualHost as VhostRecord } from '../../../auth/records.ts'
import { vhostRecord } from '../../../auth/records.ts'
import { PREDECLARED } from '../../../routing/exchange.ts'
import type { VirtualHost } from '../virtual-host.ts'
import { refusal, trying } from './administration-error.ts'
import { type AdministrationHost, demandVhost } from './administration-host.ts'
import { byName, withLimits } from './user-administration.ts'

/** A virtual host as an administrator sees it. */
export interface VhostInfo extends VhostRecord {
  readonly queues: number
  readonly connections: number
  /** Of all its queues. */
  readonly ready: number
}

/** What a new virtual host may be told. */
export interface VhostOptions {
  readonly description?: string
  /** Type of queues whose declaration names none. */
  readonly defaultQueueType?: 'classic' | 'quorum'
  readonly tags?: readonly string[]
}

/** Undefined stays as it is, null takes the limit away. */
export interface VhostLimits {
  readonly connectionsMax?: number | null | undefined
  readonly queuesMax?: number | null | undefined
}

/** Removed at a time. */
const TOGETHER = 100

const SYSTEM = new Set(PREDECLARED.map(({ name }) => name))

/** The virtual hosts. Each change is durable, and in effect, when it resolves. */
export class VhostAdministration {
  readonly #host: AdministrationHost

  constructor(host: AdministrationHost) {
    this.#host = host
  }

  /** By name. */
  list(): VhostInfo[] {
    const { broker, gate } = this.#host
    const guests = [...this.#host.guests()]
    return byName(gate.users.vhosts()).map((record) => {
      const queues = this.#opened(record.name)?.queues() ?? []
      return {
        ...record,
        queues: queues.length,
        connections: guests.filter(({ connection }) => isIn(connection, record.name)).length,
        ready: queues.reduce((sum, each) => sum + (broker.queue(each.coreName)?.ready ?? 0), 0),
      }
    })
  }

  /** Nobody may enter it before there are permissions. `exists`, `argument`. */
  add(name: string, options: VhostOptions = {}): Promise<void> {
    return trying(`add vhost '${name}'`, async () => {
      const { gate } = this.#host
      if (gate.users.vhost(name) !== undefined) throw refusal('exists', 'it is there')
      await gate.change([vhostRecord({ name, ...options })])
      await this.#host.openVhost(name)
    })
  }

  /** For connections that come, and queues that are declared, from now on. `unknown`. */
  setLimits(name: string, limits: VhostLimits): Promise<void> {
    return trying(`set the limits of vhost '${name}'`, async () => {
      const record = this.#host.gate.users.vhost(name)
      if (record === undefined) throw refusal('unknown', `no vhost '${name}'`)
      await this.#host.gate.change([vhostRecord(withLimits(record, limits))])
    })
  }

  /**
   * With its queues and their messages, its exchanges, policies and permissions; its connections
   * are closed (320). After a crash on the way it is there, with less in it: remove it again.
   * `unknown`.
   */
  remove(name: string): Promise<void> {
    return trying(`remove vhost '${name}'`, async () => {
      const vhost = demandVhost(this.#host, name)
      this.#host.shutVhost(name)
      for (const { connection } of [...this.#host.guests()]) {
        if (isIn(connection, name)) connection.close(320, `vhost '${name}' is deleted`)
      }
      try {
        await emptied(vhost)
        const { broker, gate } = this.#host
        // What clients had begun to declare before their end is on disk by then.
        await broker.records.put([])
        const left = recordsOf(broker, name)
        await gate.change([...gate.users.withoutVhost(name), ...left])
      } catch (error) {
        await this.#host.openVhost(name)
        throw error
      }
    })
  }

  #opened(name: string): VirtualHost | undefined {
    return [...this.#host.vhosts()].find((vhost) => vhost.name === name)
  }
}

/** It may not have entered any yet. */
function isIn({ vhost }: { readonly vhost: VirtualHost | undefined }, name: string): boolean {
  return vhost?.name === name
}

/** Without them nothing of it comes back when a virtual host of its name is added. */
function recordsOf(broker: Broker, vhost: string): RecordChange[] {
  const keys = broker.records.entries('amqp/').map(([key]) => key)
  const mine = keys.filter((key) => key.replace(/^amqp\/[^/]*\//, '').startsWith(`${vhost}\0`))
  return mine.map((key) => ({ key, value: undefined }))
}

/** The record of the virtual host goes last: while it is there, the rest can be found. */
async function emptied(vhost: VirtualHost): Promise<void> {
  const wholly = { ifUnused: false, ifEmpty: false }
  await all(vhost.queues(), ({ name, owner }) => vhost.deleteQueue(name, owner, wholly))
  const exchanges = vhost.routing.exchanges().filter(({ name }) => !SYSTEM.has(name))
  await all(exchanges, ({ name }) => vhost.deleteExchange(name, false))
  await all(vhost.routing.bindings(), (binding) => vhost.unbind(binding))
  for (const operator of [false, true]) {
    await all(vhost.policies({ operator }), ({ name }) => vhost.removePolicy(name, { operator }))
  }
}

/** Some at a time, so that a disk's write takes many. */
async function all<T>(things: readonly T[], remove: (thing: T) => Promise<unknown>): Promise<void> {
  for (let at = 0; at < things.length; at += TOGETHER) {
    await Promise.all(things.slice(at, at + TOGETHER).map(remove))
  }
}
