import type { Os } from '@hufu/os'
import type { Broker } from '../../api.ts'
import type { BrokerError } from '../../errors.ts'
import { sameExchange, sameQueue } from '../../routing/equivalence.ts'
import type { Binding, Exchange } from '../../routing/exchange.ts'
import { bindingId, exchangeTypeOf } from '../../routing/exchange.ts'
import type { Arguments } from '../../routing/fields.ts'
import type { Policy } from '../../routing/policy.ts'
import { queueArguments } from '../../routing/queue-arguments.ts'
import { type Removed, Routing } from '../../routing/routing.ts'
import { AmqpError } from './amqp-error.ts'
import { AmqpQueue, coreNameOf, locked, type QueueDeclaration } from './amqp-queue.ts'
import { checkPattern, isDurable, isThere } from './binding-rules.ts'
import { changeableOptions, coreOptions } from './core-options.ts'
import { told } from './refusals.ts'
import { type Gone, TopologyRecords } from './topology-records.ts'
import { type PolicyKind, VhostPolicies } from './vhost-policies.ts'
import { WorkLines } from './work-lines.ts'

/** Where a publish goes. */
export interface Target {
  readonly exchange: Exchange
  /** Messages with `x-delay` are held back. */
  readonly delayed: boolean
}

/** Who declares a queue. */
export interface Declarer {
  /** Number of the connection. */
  readonly connection: number
  /** The client has named it; else the server. */
  readonly named: boolean
}

/**
 * The exchanges, queues and bindings of one virtual host. Each change is durable before it is
 * answered; the words of errors are RabbitMQ's.
 */
export class VirtualHost {
  readonly name: string
  readonly routing: Routing
  /** Rises with every change of an exchange. */
  version = 1
  readonly #broker: Broker
  readonly #records: TopologyRecords
  readonly #policies: VhostPolicies
  readonly #queues = new Map<string, AmqpQueue>()
  /** Queues that are being made. */
  #coming = 0
  /** Exclusive ones by the number of their connection. */
  readonly #owned = new Map<number, Set<AmqpQueue>>()
  /** Names of the core's queues for each list of queues that routing gives, which it keeps. */
  readonly #coreNames = new WeakMap<readonly string[], readonly string[]>()
  readonly #os: Os
  readonly #warn: (text: string) => void
  readonly #queuesMax: () => number | undefined
  /** What is under way, by queue, exchange or binding. */
  readonly #lines = new WorkLines()

  /** `queuesMax`: how many queues it may have, asked when one is declared. */
  constructor(
    name: string,
    broker: Broker,
    os: Os,
    warn: (text: string) => void,
    queuesMax: () => number | undefined = () => undefined,
  ) {
    this.name = name
    this.routing = new Routing(name)
    this.#broker = broker
    this.#records = new TopologyRecords(broker, name)
    this.#policies = new VhostPolicies(broker, this.#records, {
      routing: this.routing,
      queues: () => this.#queues.values(),
      used: (queue) => this.used(queue),
      exchangesChanged: () => this.version++,
    })
    this.#os = os
    this.#warn = warn
    this.#queuesMax = queuesMax
  }

  /** Brings back what is durable; queues of the core that nobody has declared are removed. */
  async open(): Promise<void> {
    const { exchanges, queues, bindings } = this.#records.all()
    this.#policies.open(this.#warn)
    for (const exchange of exchanges) this.routing.addExchange(exchange)
    for (const { name } of this.routing.exchanges()) this.#policies.applyToExchange(name)
    for (const queue of queues) this.#add(this.#queueOf(queue, queue.name, 0))
    await Promise.all(this.queues().map((queue) => this.#reopen(queue)))
    for (const binding of bindings) this.routing.bind(binding)
    const mine = coreNameOf(this.name, '')
    const known = new Set([...this.#queues.values()].map(({ coreName }) => coreName))
    const left = this.#broker.queues().filter(({ name }) => name.startsWith(mine))
    for (const { name } of left) if (!known.has(name)) await this.#broker.deleteQueue(name)
  }

  /** Throws where its arguments are wrong; `named`: the name that a client gave it. */
  #queueOf(declared: QueueDeclaration, named: string, owner: number): AmqpQueue {
    const given = queueArguments(this.name, { ...declared, name: named }, declared.arguments)
    const settings = this.#policies.settingsOf(declared.name, given)
    return new AmqpQueue(declared, given, settings, coreNameOf(this.name, declared.name), owner)
  }

  /** As policies have it now, or an earlier version had not; on a full disk it works on. */
  async #reopen({ coreName, settings }: AmqpQueue): Promise<void> {
    if (this.#broker.queue(coreName) === undefined) {
      return this.#broker.declareQueue(coreName, coreOptions(settings))
    }
    await this.#broker.changeQueue(coreName, changeableOptions(settings)).catch((error) => {
      if ((error as BrokerError).code !== 'LOG_FULL') throw error
      this.#warn(`Queue ${coreName} works on as it was: ${error.message}`)
    })
  }

  // Looking.

  queues(): AmqpQueue[] {
    return [...this.#queues.values()]
  }

  /** Throws 404, and 405 for a queue that another connection has for itself. */
  queueOf(connection: number, name: string): AmqpQueue {
    const queue = this.#queues.get(name)
    if (queue === undefined) throw new AmqpError(404, `no queue '${name}' in vhost '${this.name}'`)
    if (queue.owner === 0 || queue.owner === connection) return queue
    throw locked(this.name, name)
  }

  countOf({ coreName }: AmqpQueue): { ready: number } {
    return { ready: this.#broker.queue(coreName)?.ready ?? 0 }
  }

  /** Throws 404. */
  demandExchange(name: string): Exchange {
    const exchange = this.routing.exchange(name)
    if (exchange !== undefined) return exchange
    throw new AmqpError(404, `no exchange '${name}' in vhost '${this.name}'`)
  }

  /** What a client publishes to; 404, 403. */
  target(name: string): Target {
    const exchange = this.demandExchange(name)
    if (exchange.internal) {
      const where = `exchange '${name}' in vhost '${this.name}'`
      throw new AmqpError(403, `cannot publish to internal ${where}`)
    }
    return { exchange, delayed: exchange.type === 'x-delayed-message' }
  }

  /** Names in the core of the queues that get a message. */
  route({ exchange: { name } }: Target, keys: readonly string[], headers: () => Arguments) {
    const { routing } = this
    if (keys.length === 1) return this.#coreNamesOf(routing.queuesOf(name, keys[0]!, headers))
    const queues = new Set<string>()
    routing.routeOf(name, keys, headers, queues)
    return this.#coreNamesOf([...queues])
  }

  #coreNamesOf(queues: readonly string[]): readonly string[] {
    const known = this.#coreNames.get(queues)
    if (known !== undefined) return known
    const names = queues.map((name) => this.#queues.get(name)!.coreName)
    this.#coreNames.set(queues, names)
    return names
  }

  /** Of a queue that is there. */
  coreName(queue: string): string {
    return this.#queues.get(queue)!.coreName
  }

  /** Whose messages the core keeps under this name. */
  queueBehind(coreName: string): AmqpQueue | undefined {
    const prefix = coreNameOf(this.name, '')
    if (!coreName.startsWith(prefix)) return undefined
    return this.#queues.get(coreName.slice(prefix.length))
  }

  newQueueName(): string {
    return `amq.gen-${this.#os.random.id()}`
  }

  // Changing.

  declareExchange(asked: Omit<Exchange, 'type'>, typeName: string): Promise<void> {
    return this.#inLine(`exchange ${asked.name}`, async () => {
      const { name, durable } = asked
      if (name === '') {
        throw new AmqpError(403, 'operation not permitted on the default exchange')
      }
      const exchange: Exchange = { ...asked, type: exchangeTypeOf(typeName) }
      const there = this.routing.exchange(name)
      if (there !== undefined) return sameExchange(this.name, there, exchange)
      this.routing.addExchange(exchange)
      this.#policies.applyToExchange(name)
      this.version++
      if (durable) await this.#records.putExchange(exchange)
    })
  }

  deleteExchange(name: string, ifUnused: boolean): Promise<void> {
    return this.#inLine(`exchange ${name}`, async () => {
      if (name !== '' && !name.startsWith('amq.') && !this.routing.exchange(name)) return
      if (ifUnused && this.routing.bindingsFrom(name).length > 0) {
        throw new AmqpError(406, `exchange '${name}' in vhost '${this.name}' in use`)
      }
      const gone = this.#withEmptied(this.routing.removeExchange(name))
      await this.#records.forget({ ...gone, exchanges: [name, ...gone.exchanges] })
    })
  }

  bind(binding: Binding): Promise<void> {
    return this.#inLine(`binding ${bindingId(binding)}`, async () => {
      checkPattern(this.routing, binding)
      if (!this.routing.bind(binding)) return
      if (!isDurable(this.routing, this.#queues, binding)) return
      await this.#records.putBinding(binding)
    })
  }

  unbind(binding: Binding): Promise<void> {
    return this.#inLine(`binding ${bindingId(binding)}`, async () => {
      if (!isThere(this.routing, this.#queues, binding)) return
      await this.#records.forget(this.#withEmptied(this.routing.unbind(binding)))
    })
  }

  declareQueue(declared: QueueDeclaration, { connection, named }: Declarer): Promise<void> {
    return this.#inLine(`queue ${declared.name}`, async () => {
      const { name, exclusive } = declared
      const isNew = !this.#queues.has(name)
      if (isNew) this.#demandRoom(name)
      const queue = this.#queueOf(declared, named ? name : '', exclusive ? connection : 0)
      if (!isNew) return this.#checkSame(connection, declared)
      if (named && name.startsWith('amq.')) {
        const text = `queue name '${name}' contains reserved prefix 'amq.*'`
        throw new AmqpError(403, text)
      }
      const stored = queue.lasts ? this.#records.putQueue(declared) : undefined
      const options = coreOptions(queue.settings)
      this.#coming++
      const core = this.#broker.declareQueue(queue.coreName, options)
      await Promise.all([core, stored]).finally(() => this.#coming--)
      this.#add(queue)
      // Policies may have changed meanwhile.
      await this.#policies.applyToQueue(queue)
    })
  }

  /** How many ready messages went with it; none where there is no such queue. */
  deleteQueue(
    name: string,
    connection: number,
    { ifUnused, ifEmpty }: { ifUnused: boolean; ifEmpty: boolean },
  ): Promise<number> {
    return this.#inLine(`queue ${name}`, async () => {
      if (!this.#queues.has(name)) return 0
      const queue = this.queueOf(connection, name)
      const where = `queue '${name}' in vhost '${this.name}'`
      if (ifUnused && queue.consumers.size > 0) throw new AmqpError(406, `${where} in use`)
      if (ifEmpty && this.countOf(queue).ready > 0) throw new AmqpError(406, `${where} not empty`)
      return this.#removeQueue(queue)
    })
  }

  // Policies.

  policies(kind: PolicyKind = {}): Policy[] {
    return this.#policies.list(kind)
  }

  /** Names of the policies that apply to a queue. */
  policiesOf(queue: AmqpQueue): { policy?: string; operator?: string } {
    return this.#policies.namesOf(queue)
  }

  /**
   * Adds the policy, or puts it in the place of the one with its name. Durable, and in effect for
   * queues and exchanges that are there and to come, when it resolves. Rejects with a
   * `RoutingError` or an `AuthError` where it is wrong.
   */
  putPolicy(policy: Policy, kind: PolicyKind = {}): Promise<void> {
    return this.#policies.put(policy, kind)
  }

  /** As `putPolicy`; false when there was none of this name. */
  removePolicy(name: string, kind: PolicyKind = {}): Promise<boolean> {
    return this.#policies.remove(name, kind)
  }

  /** Somebody uses the queue: it has its whole time again, which runs while nobody consumes. */
  used(queue: AmqpQueue): void {
    queue.cancelExpiry()
    const { expiresMs } = queue.settings
    if (expiresMs === undefined || queue.consumers.size > 0) return
    const timer = this.#os.clock.timer(expiresMs, () => this.#expired(queue), { background: true })
    queue.cancelExpiry = () => timer.cancel()
  }

  #expired(queue: AmqpQueue): void {
    this.#inLine(`queue ${queue.name}`, async () => {
      const there = this.#queues.get(queue.name) === queue
      if (there && queue.consumers.size === 0) await this.#removeQueue(queue)
    }).catch(() => undefined)
  }

  /** A consumer has ended: an auto-delete queue goes with its last one. */
  consumerLeft(queue: AmqpQueue): void {
    this.used(queue)
    const wanted = queue.consumers.size > 0 || this.#queues.get(queue.name) !== queue
    if (wanted || !queue.declared.autoDelete || !queue.consumed) return
    this.#inLine(`queue ${queue.name}`, async () => {
      if (queue.consumers.size === 0 && this.#queues.get(queue.name) === queue) {
        await this.#removeQueue(queue)
      }
    }).catch(() => undefined)
  }

  /** Queues that only this connection could use go with it. */
  connectionLeft(connection: number): void {
    for (const queue of this.#owned.get(connection) ?? []) {
      this.#inLine(`queue ${queue.name}`, async () => {
        if (this.#queues.get(queue.name) === queue) await this.#removeQueue(queue)
      }).catch(() => undefined)
    }
    this.#owned.delete(connection)
  }

  #demandRoom(name: string): void {
    const most = this.#queuesMax()
    if (most === undefined || this.#queues.size + this.#coming < most) return
    const where = `queue limit in vhost '${this.name}' (${most}) is reached`
    throw new AmqpError(406, `cannot declare queue '${name}': ${where}`)
  }

  /** Exclusive or not comes first; an exclusive queue is as durable as any. */
  #checkSame(connection: number, asked: QueueDeclaration): void {
    const { declared: there } = this.queueOf(connection, asked.name)
    if (there.exclusive !== asked.exclusive) throw locked(this.name, asked.name)
    const { durable } = asked.exclusive ? there : asked
    sameQueue(this.name, there, { ...asked, durable })
    this.used(this.#queues.get(asked.name)!)
  }

  #add(queue: AmqpQueue): void {
    this.#queues.set(queue.name, queue)
    this.routing.addQueue(queue.name)
    this.used(queue)
    if (queue.owner === 0) return
    const owned = this.#owned.get(queue.owner) ?? new Set()
    this.#owned.set(queue.owner, owned.add(queue))
  }

  async #removeQueue(queue: AmqpQueue): Promise<number> {
    queue.cancelExpiry()
    this.#queues.delete(queue.name)
    this.#owned.get(queue.owner)?.delete(queue)
    const gone = this.#withEmptied(this.routing.removeQueue(queue.name))
    const { ready } = this.countOf(queue)
    const queues = queue.lasts ? [queue.name] : []
    const forgotten = this.#records.forget({ ...gone, queues })
    await Promise.all([this.#broker.deleteQueue(queue.coreName), forgotten])
    // After the answer to whoever deletes it.
    this.#os.clock.turn(() => {
      for (const consumer of [...queue.consumers]) consumer.queueGone()
    })
    return ready
  }

  /** What went, and the auto-delete exchanges that were there only for it, with what was theirs. */
  #withEmptied(removed: Removed): Gone {
    this.version++
    const exchanges: string[] = []
    const bindings = [...removed.bindings]
    const emptied = [...removed.emptied]
    for (let name = emptied.pop(); name !== undefined; name = emptied.pop()) {
      if (this.routing.exchange(name) === undefined) continue
      const more = this.routing.removeExchange(name)
      exchanges.push(name)
      bindings.push(...more.bindings)
      emptied.push(...more.emptied)
    }
    return { queues: [], exchanges, bindings }
  }

  /**
   * After what was asked before for the same thing. In memory and in the log all changes have one
   * order: each is written as it is made.
   */
  #inLine<T>(key: string, work: () => Promise<T>): Promise<T> {
    return this.#lines.run(key, work).catch((error) => {
      throw told(error)
    })
  }
}
