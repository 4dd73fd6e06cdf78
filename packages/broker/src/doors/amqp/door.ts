import type { Connection, Listener, ListenOptions, Net, Os } from '@hufu/os'
import type { Broker } from '../../api.ts'
import { BrokerError } from '../../errors.ts'
import type { GivenUp } from '../../options.ts'
import { Administration } from './administration/administration.ts'
import type { AdministrationHost, Guest } from './administration/administration-host.ts'
import { AmqpError } from './amqp-error.ts'
import { AmqpConnection } from './connection.ts'
import { type Fate, fateOf } from './dead-letters.ts'
import { type Imported, importDefinitions } from './definitions.ts'
import {
  type AmqpLimits,
  Doorkeeper,
  MESSAGE_BYTES_MAX,
  offered,
  wrongLimit,
} from './door-limits.ts'
import type { DoorParts } from './door-parts.ts'
import { EntryLimits } from './entry-limits.ts'
import { Gate } from './gate.ts'
import { PublishFlow } from './publish-flow.ts'
import { Replies } from './replies.ts'
import { VirtualHost } from './virtual-host.ts'

/** Between two looks at what connections wait for. */
const TICK_MS = 500

/** Connections get so long to answer that the broker ends, ms. */
const CLOSE_MS = 3_000

/** What `openAmqpDoor` takes. */
export interface AmqpDoorOptions {
  broker: Broker
  net: Net
  os: Os
  /** What clients are told. Default: `Hufu`. */
  product?: string
  /** At least 3.10 in three parts, or some clients take it for too old. Default: 4.0.0. */
  productVersion?: string
  /** Default: as RabbitMQ, none for connections. */
  limits?: AmqpLimits
  /** Told of what a person should know. Default: nobody. */
  onWarning?(text: string): void
}

/** Where RabbitMQ clients come in: AMQP 0-9-1. */
export interface AmqpDoor {
  /** Accepts connections, with or without TLS; several times for several addresses. */
  listen(options: ListenOptions): Promise<Listener>
  /**
   * Takes over users, virtual hosts, permissions, policies, exchanges, queues and bindings of a
   * definitions file of RabbitMQ; says how many of each. Rejects at the first that is wrong, or
   * there and different: what came before it stays.
   */
  importDefinitions(json: string): Promise<Imported>
  /** Everything an administrator does: users, permissions, queues and what is in them. */
  readonly administration: Administration
  /** Accepts no more, tells clients (320), waits 3 s at most for them; the broker stays open. */
  close(): Promise<void>
}

/** Opens the door of a broker; brings back exchanges, queues and bindings of former lives. */
export async function openAmqpDoor(options: AmqpDoorOptions): Promise<AmqpDoor> {
  const wrong = wrongLimit(options.limits ?? {})
  if (wrong !== undefined) throw new BrokerError('ARGUMENT', `Cannot open the AMQP door: ${wrong}`)
  const door = new Door(options)
  await door.open()
  return door
}

class Door implements AmqpDoor, AdministrationHost {
  readonly administration = new Administration(this)
  readonly #options: AmqpDoorOptions
  readonly #gate: Gate
  readonly #parts: DoorParts
  readonly #keeper: Doorkeeper
  readonly #vhosts = new Map<string, VirtualHost>()
  readonly #listeners: Listener[] = []
  readonly #connections = new Map<AmqpConnection, Guest>()
  /** Since the last tick. */
  #refused = { count: 0, last: '' }
  #closing = false
  #whenEmpty: () => void = () => undefined

  constructor(options: AmqpDoorOptions) {
    const { broker, os, product = 'Hufu', productVersion = '4.0.0', limits = {} } = options
    this.#keeper = new Doorkeeper(limits, os.clock)
    this.#gate = new Gate(broker, os)
    this.#options = options
    this.#parts = {
      ...{ os, broker, gate: this.#gate, product, version: productVersion },
      limits: new EntryLimits(this.#gate.users),
      keeper: this.#keeper,
      offered: offered(limits),
      messageBytesMax: limits.messageBytesMax ?? MESSAGE_BYTES_MAX,
      replies: new Replies(() => os.random.id()),
      flow: new PublishFlow(),
      vhost: (name) => this.#vhosts.get(name),
      warn: (text) => options.onWarning?.(text),
    }
  }

  async open(): Promise<void> {
    this.#options.broker.setDeadLetterRouter((given) => this.#fateOf(given))
    await this.#gate.open()
    for (const { name } of this.#gate.users.vhosts()) await this.openVhost(name)
    this.#tick()
  }

  importDefinitions(json: string): Promise<Imported> {
    const vhost = (name: string) => this.openVhost(name)
    return importDefinitions(json, { gate: this.#gate, vhost, warn: this.#parts.warn })
  }

  #fateOf(given: GivenUp): Fate {
    for (const vhost of this.#vhosts.values()) {
      const queue = vhost.queueBehind(given.queue)
      if (queue !== undefined) return fateOf(given, vhost, queue)
    }
    return 'park'
  }

  // What administration asks for.

  get broker(): Broker {
    return this.#options.broker
  }

  get os(): Os {
    return this.#options.os
  }

  get gate(): Gate {
    return this.#gate
  }

  get product(): string {
    return this.#parts.product
  }

  get version(): string {
    return this.#parts.version
  }

  guests(): Iterable<Guest> {
    return this.#connections.values()
  }

  vhosts(): Iterable<VirtualHost> {
    return this.#vhosts.values()
  }

  shutVhost(name: string): void {
    this.#vhosts.delete(name)
  }

  /** Opens it where it is not open yet. */
  async openVhost(name: string): Promise<VirtualHost> {
    const known = this.#vhosts.get(name)
    if (known !== undefined) return known
    if (this.#gate.users.vhost(name) === undefined) {
      throw new AmqpError(404, `no vhost '${name}'`)
    }
    const { broker, os } = this.#options
    const queuesMax = () => this.#gate.users.vhost(name)?.queuesMax
    const vhost = new VirtualHost(name, broker, os, this.#parts.warn, queuesMax)
    await vhost.open()
    this.#vhosts.set(name, vhost)
    return vhost
  }

  async listen(options: ListenOptions): Promise<Listener> {
    const listener = await this.#options.net.listen(options, (socket) => this.#accept(socket))
    this.#listeners.push(listener)
    return listener
  }

  async close(): Promise<void> {
    this.#closing = true
    for (const listener of this.#listeners) await listener.close()
    const empty = new Promise<void>((resolve) => {
      this.#whenEmpty = resolve
    })
    for (const connection of this.#connections.keys())
      connection.close(320, 'broker is shutting down')
    if (this.#connections.size === 0) return
    const timer = this.#options.os.clock.timer(CLOSE_MS, () => this.#whenEmpty())
    await empty
    timer.cancel()
    for (const connection of this.#connections.keys()) connection.drop()
  }

  #accept(socket: Connection): void {
    const refusal = this.#closing ? 'the broker is closing' : this.#keeper.refusal(socket)
    if (refusal !== undefined) {
      socket.destroy()
      this.#refused = { count: this.#refused.count + 1, last: refusal }
      return
    }
    const connection = new AmqpConnection(socket, this.#parts, (over) => this.#over(over, socket))
    const since = this.os.clock.now()
    this.#connections.set(connection, { connection, remote: socket.remote, since })
    connection.start()
  }

  #over(connection: AmqpConnection, socket: Connection): void {
    this.#connections.delete(connection)
    this.#keeper.left(socket)
    for (const vhost of this.#vhosts.values()) vhost.connectionLeft(connection.number)
    if (this.#connections.size === 0) this.#whenEmpty()
  }

  /** Others may cause it, as often as they like: it is told once a tick. */
  #tellRefused(): void {
    const { count, last } = this.#refused
    if (count > 0) this.#parts.warn(`Refused ${count} connections, the last one: ${last}`)
    this.#refused = { count: 0, last: '' }
  }

  #tick(): void {
    if (this.#closing && this.#connections.size === 0) return
    this.#tellRefused()
    const reason = this.#options.broker.stats().noSpace ? 'no space left on the disk' : undefined
    for (const connection of this.#connections.keys()) {
      connection.tick()
      connection.block(reason)
    }
    this.#options.os.clock.timer(TICK_MS, () => this.#tick(), { background: true })
  }
}
