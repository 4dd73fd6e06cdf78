import { wrongTypeOfName } from './argument-checks.ts'
import { Bindings } from './bindings.ts'
import { DefaultMatcher } from './default.ts'
import { DirectMatcher } from './direct.ts'
import { RoutingError } from './errors.ts'
import type { Binding, Destination, Exchange, Matching } from './exchange.ts'
import { matchingOf, PREDECLARED } from './exchange.ts'
import { FanoutMatcher } from './fanout.ts'
import type { Arguments } from './fields.ts'
import { NO_ARGUMENTS, stringUnder } from './fields.ts'
import { HeadersMatcher, wrongMatch } from './headers.ts'
import type { Matcher } from './matcher.ts'
import { RouteCache } from './route-cache.ts'
import { TopicMatcher } from './topic.ts'

/** Limits of one virtual host. */
export interface RoutingLimits {
  readonly exchangesMax: number
  readonly bindingsMax: number
  /** Remembered routes: keys and names of queues together. */
  readonly cachedMax: number
}

const LIMITS: RoutingLimits = { exchangesMax: 100_000, bindingsMax: 1_000_000, cachedMax: 100_000 }

/** What a removal took with it; the caller forgets it durably. */
export interface Removed {
  readonly bindings: readonly Binding[]
  /** Auto-delete exchanges that lost their last binding; the caller removes them. */
  readonly emptied: readonly string[]
}

interface Entry {
  readonly exchange: Exchange
  readonly matcher: Matcher
  alternate: string | undefined
}

const MATCHERS: Readonly<Record<Matching, () => Matcher>> = {
  direct: () => new DirectMatcher(),
  fanout: () => new FanoutMatcher(),
  topic: () => new TopicMatcher(),
  headers: () => new HeadersMatcher(),
}

const noHeaders = (): Arguments => NO_ARGUMENTS

/**
 * Exchanges, bindings and the way of a message through them, of one virtual host. In memory only:
 * what is durable, and who may do what, is the caller's matter.
 */
export class Routing {
  readonly #vhost: string
  readonly #limits: RoutingLimits
  readonly #exchanges = new Map<string, Entry>()
  readonly #queues = new DefaultMatcher()
  readonly #bindings = new Bindings()
  readonly #cache: RouteCache

  /** It starts with the default exchange and RabbitMQ's `amq.…` exchanges. */
  constructor(vhost: string, limits: Partial<RoutingLimits> = {}) {
    this.#vhost = vhost
    this.#limits = { ...LIMITS, ...limits }
    this.#cache = new RouteCache(this.#limits.cachedMax)
    for (const exchange of PREDECLARED) this.#enter(exchange)
  }

  exchange(name: string): Exchange | undefined {
    return this.#exchanges.get(name)?.exchange
  }

  exchanges(): Exchange[] {
    return Array.from(this.#exchanges.values(), (entry) => entry.exchange)
  }

  /**
   * @throws RoutingError `exchange-exists`, `argument`, `reserved`, `default-exchange`, `limit`
   */
  addExchange(exchange: Exchange): void {
    const { name } = exchange
    if (name === '') throw this.#onDefault()
    if (this.#exchanges.has(name)) {
      throw new RoutingError('exchange-exists', `${this.#named(name)} is there already`)
    }
    if (name.startsWith('amq.')) {
      const text = `exchange name '${name}' contains reserved prefix 'amq.*'`
      throw new RoutingError('reserved', text)
    }
    const wrong = wrongTypeOfName('alternate-exchange', exchange.arguments)
    if (wrong !== undefined) throw new RoutingError('argument', `${wrong} in ${this.#named(name)}`)
    if (this.#exchanges.size >= this.#limits.exchangesMax + PREDECLARED.length) {
      const text = `cannot declare ${this.#named(name)}: exchange limit of`
      throw new RoutingError('limit', `${text} ${this.#limits.exchangesMax} is reached`)
    }
    this.#enter(exchange)
  }

  /** @throws RoutingError `exchange-unknown`, `reserved`, `default-exchange` */
  removeExchange(name: string): Removed {
    if (name === '') throw this.#onDefault()
    if (name.startsWith('amq.')) {
      throw new RoutingError('reserved', `deletion of system ${this.#named(name)} not allowed`)
    }
    this.#entry(name)
    const removed = this.#removeAll([
      ...this.#bindings.from(name),
      ...this.#bindings.to({ kind: 'exchange', name }),
    ])
    this.#exchanges.delete(name)
    this.#cache.clear()
    return { ...removed, emptied: removed.emptied.filter((each) => each !== name) }
  }

  /** The alternate exchange that a policy gives; the argument of the declaration wins. */
  setAlternate(name: string, alternate: string | undefined): void {
    const entry = this.#entry(name)
    entry.alternate = alternateOf(entry.exchange) ?? alternate
    this.#cache.clear()
  }

  hasQueue(name: string): boolean {
    return this.#queues.has(name)
  }

  /** From now on the default exchange finds it, and it may be bound. */
  addQueue(name: string): void {
    this.#queues.addQueue(name)
  }

  removeQueue(name: string): Removed {
    this.#queues.removeQueue(name)
    return this.#removeAll(this.#bindings.to({ kind: 'queue', name }))
  }

  /**
   * False when it was there already.
   * @throws RoutingError `exchange-unknown`, `queue-unknown`, `default-exchange`, `argument`,
   * `limit`
   */
  bind(binding: Binding): boolean {
    const source = this.#checkEnds(binding)
    const wrong = matchingOf(source.exchange) === 'headers' && wrongMatch(binding.arguments)
    if (wrong) throw new RoutingError('argument', wrong)
    if (this.#bindings.find(binding) !== undefined) return false
    if (this.#bindings.size >= this.#limits.bindingsMax) {
      const text = `cannot bind to ${this.#named(binding.source)}: binding limit of`
      throw new RoutingError('limit', `${text} ${this.#limits.bindingsMax} is reached`)
    }
    this.#bindings.add(binding)
    source.matcher.add(binding)
    this.#cache.clear()
    return true
  }

  /**
   * Nothing is removed when there is no such binding, exchange or queue: as in RabbitMQ that is no
   * error.
   * @throws RoutingError `default-exchange`
   */
  unbind(binding: Binding): Removed {
    this.#checkNotDefault(binding)
    const known = this.#bindings.find(binding)
    return this.#removeAll(known === undefined ? [] : [known])
  }

  bindings(): Binding[] {
    return this.#bindings.all()
  }

  /** The bindings that start from an exchange. */
  bindingsFrom(exchange: string): Binding[] {
    return this.#bindings.from(exchange)
  }

  bindingsTo(destination: Destination): Binding[] {
    return this.#bindings.to(destination)
  }

  /**
   * The queues of a message, each once. The list is shared: the same one comes again until
   * something changes, and nobody may change it. `headers` is called only when an exchange on the
   * way compares headers.
   * @throws RoutingError `exchange-unknown`
   */
  queuesOf(exchange: string, key: string, headers: () => Arguments = noHeaders): readonly string[] {
    if (exchange === '') return this.#queues.listOf(key)
    const known = this.#cache.get(exchange, key)
    if (known !== undefined) return known
    const queues = new Set<string>()
    const lasting = this.#walk(this.#entry(exchange), [key], headers, queues)
    const list = [...queues]
    if (lasting) this.#cache.put(exchange, key, list)
    return list
  }

  /** As `queuesOf`, for a message with several routing keys (`CC`, `BCC`). */
  routeOf(
    exchange: string,
    keys: readonly string[],
    headers: () => Arguments,
    into: Set<string>,
  ): void {
    this.#walk(this.#entry(exchange), keys, headers, into)
  }

  /** Adds the queues of a message to `into`. */
  route(exchange: string, key: string, headers: () => Arguments, into: Set<string>): void {
    for (const queue of this.queuesOf(exchange, key, headers)) into.add(queue)
  }

  /** True when the way can only change with the bindings, so that it may be remembered. */
  #walk(
    start: Entry,
    keys: readonly string[],
    headers: () => Arguments,
    into: Set<string>,
  ): boolean {
    // Every exchange once, so that a circle of bindings or of alternates ends.
    const entries = new Set([start])
    let lasting = true
    for (const { matcher, alternate } of entries) {
      let matched = false
      const visit = ({ kind, name }: Destination) => {
        matched = true
        if (kind === 'queue') into.add(name)
        else this.#follow(name, entries)
      }
      for (const key of keys) matcher.match(key, headers, visit)
      if (!matched && alternate !== undefined) this.#follow(alternate, entries)
      if (matcher.volatile) lasting = false
    }
    return lasting
  }

  /** An alternate exchange need not exist. */
  #follow(name: string, entries: Set<Entry>): void {
    const next = this.#exchanges.get(name)
    if (next !== undefined) entries.add(next)
  }

  #enter(exchange: Exchange): void {
    const matching = matchingOf(exchange)
    if (matching === undefined) {
      const text = `invalid argument 'x-delayed-type' for ${this.#named(exchange.name)}`
      throw new RoutingError('argument', `${text}: expected direct, fanout, topic or headers`)
    }
    const matcher = exchange.name === '' ? this.#queues : MATCHERS[matching]()
    this.#exchanges.set(exchange.name, { exchange, matcher, alternate: alternateOf(exchange) })
    // Somebody's alternate may have just come into being.
    this.#cache.clear()
  }

  #checkEnds({ source, destination }: Binding): Entry {
    this.#checkNotDefault({ source, destination })
    const { kind, name } = destination
    const from = this.#entry(source)
    if (kind === 'exchange') this.#entry(name)
    else if (!this.#queues.has(name)) {
      throw new RoutingError('queue-unknown', `no queue '${name}' in vhost '${this.#vhost}'`)
    }
    return from
  }

  #checkNotDefault({
    source,
    destination: { kind, name },
  }: Pick<Binding, 'source' | 'destination'>) {
    if (source === '' || (kind === 'exchange' && name === '')) throw this.#onDefault()
  }

  #removeAll(bindings: readonly Binding[]): Removed {
    const sources = new Set<string>()
    const gone = new Set(bindings)
    for (const binding of gone) {
      this.#bindings.remove(binding)
      this.#exchanges.get(binding.source)?.matcher.remove(binding)
      sources.add(binding.source)
    }
    if (gone.size > 0) this.#cache.clear()
    const emptied = [...sources].filter((name) => {
      return this.exchange(name)?.autoDelete === true && !this.#bindings.hasFrom(name)
    })
    return { bindings: [...gone], emptied }
  }

  #entry(name: string): Entry {
    const entry = this.#exchanges.get(name)
    if (entry !== undefined) return entry
    throw new RoutingError('exchange-unknown', `no ${this.#named(name)}`)
  }

  #named(name: string): string {
    return `exchange '${name}' in vhost '${this.#vhost}'`
  }

  #onDefault(): RoutingError {
    return new RoutingError('default-exchange', 'operation not permitted on the default exchange')
  }
}

function alternateOf(exchange: Exchange): string | undefined {
  return stringUnder(exchange.arguments, 'alternate-exchange')
}
