import type { Broker } from '../../api.ts'
import { compilePattern } from '../../auth/pattern.ts'
import { BrokerError } from '../../errors.ts'
import { Policies } from '../../routing/policies.ts'
import { checkPolicy, type Policy } from '../../routing/policy.ts'
import type { QueueArguments } from '../../routing/queue-arguments.ts'
import type { Routing } from '../../routing/routing.ts'
import { alternateSetting, type QueueSettings, queueSettings } from '../../routing/settings.ts'
import type { AmqpQueue } from './amqp-queue.ts'
import { changeableOptions } from './core-options.ts'
import type { TopologyRecords } from './topology-records.ts'

/** Whose policy it is; an operator's only makes limits smaller. Default: false. */
export interface PolicyKind {
  readonly operator?: boolean
}

/** What policies apply to. */
export interface Governed {
  readonly routing: Routing
  queues(): Iterable<AmqpQueue>
  /** The time is over anew after which the queue goes. */
  used(queue: AmqpQueue): void
  /** Something about exchanges has changed. */
  exchangesChanged(): void
}

/** The policies of one virtual host: kept as records of the core, applied to its queues. */
export class VhostPolicies {
  readonly #broker: Broker
  readonly #records: TopologyRecords
  readonly #governed: Governed
  readonly #policies = new Policies(compilePattern)

  constructor(broker: Broker, records: TopologyRecords, governed: Governed) {
    this.#broker = broker
    this.#records = records
    this.#governed = governed
  }

  /** Brings back what is durable; one that this version does not take is told of and left out. */
  open(warn: (text: string) => void): void {
    for (const operator of [false, true]) {
      for (const policy of this.#records.policies(operator)) {
        try {
          this.#policies.set(policy, { operator })
        } catch (error) {
          warn(`Policy ${policy.name} has no effect: ${(error as Error).message}`)
        }
      }
    }
  }

  list({ operator = false }: PolicyKind): Policy[] {
    return this.#policies.list({ operator })
  }

  async put(policy: Policy, { operator = false }: PolicyKind): Promise<void> {
    checkPolicy(policy, operator)
    compilePattern(policy.pattern)
    await this.#records.putPolicy(policy, operator)
    this.#policies.set(policy, { operator })
    await this.#apply()
  }

  async remove(name: string, { operator = false }: PolicyKind): Promise<boolean> {
    if (!this.list({ operator }).some((policy) => policy.name === name)) return false
    await this.#records.forgetPolicy(name, operator)
    this.#policies.remove(name, { operator })
    await this.#apply()
    return true
  }

  /** What holds for a queue with these arguments. */
  settingsOf(queue: string, given: QueueArguments): QueueSettings {
    return queueSettings(given, this.#policies.ofQueue(queue, given.type))
  }

  /** Names of the policies that apply to a queue. */
  namesOf({ name, given }: AmqpQueue): { policy?: string; operator?: string } {
    const { policy, operator } = this.#policies.ofQueue(name, given.type)
    return { ...(policy && { policy: policy.name }), ...(operator && { operator: operator.name }) }
  }

  /** All changes are in one turn, hence on disk together. */
  async #apply(): Promise<void> {
    const { routing } = this.#governed
    for (const { name } of routing.exchanges()) this.applyToExchange(name)
    this.#governed.exchangesChanged()
    await Promise.all(Array.from(this.#governed.queues(), (queue) => this.applyToQueue(queue)))
  }

  applyToExchange(name: string): void {
    const alternate = alternateSetting(this.#policies.ofExchange(name))
    this.#governed.routing.setAlternate(name, alternate)
  }

  /** Durable when it resolves. */
  async applyToQueue(queue: AmqpQueue): Promise<void> {
    const { expiresMs } = queue.settings
    queue.settings = this.settingsOf(queue.name, queue.given)
    if (queue.settings.expiresMs !== expiresMs) this.#governed.used(queue)
    const { coreName, settings } = queue
    await this.#broker.changeQueue(coreName, changeableOptions(settings)).catch((error) => {
      // It is being deleted.
      if (!(error instanceof BrokerError && error.code === 'QUEUE_UNKNOWN')) throw error
    })
  }
}
