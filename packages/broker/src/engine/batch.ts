import type {
  Batch,
  PreparedHandle,
  PrepareRequest,
  PublishRequest,
  Settlement,
  Subscription,
} from '../api.ts'
import { BrokerError } from '../errors.ts'
import type { Consumer } from './consumer.ts'
import type { OpenBatch } from './dead-letter.ts'
import { demandOpen, type Engine, track } from './engine.ts'
import type { Preparer } from './prepare.ts'
import type { Intake } from './publish.ts'
import { reachFor } from './reach.ts'
import { appendEnd } from './records.ts'
import type { Settler } from './settle.ts'

/** The parts of the engine that a batch is made of. */
export interface BatchParts {
  readonly engine: Engine
  readonly intake: Intake
  readonly settler: Settler
  readonly preparer: Preparer
  consumerOf(subscription: Subscription): Consumer | undefined
  /** Consumers may go on: their credit or their queues have changed. */
  settled(consumer: Consumer): void
}

type Operation = () => Promise<void> | void

/** Collects operations; bodies go to the log at once, everything takes effect by one end entry. */
export class BatchWriter implements Batch, OpenBatch {
  readonly #parts: BatchParts
  readonly #number: number
  readonly #publishing: Promise<void>[] = []
  /** What is written at commit, before the end entry. */
  readonly #atCommit: Operation[] = []
  readonly #atRollback: (() => void)[] = []
  /** Gives up the right to decide prepared transactions. */
  readonly #claims: (() => void)[] = []
  readonly #queues = new Set<number>()
  #messages = 0
  /** Messages of transactions that are decided in this batch; they get their ids behind its own. */
  #shown = 0
  #operations = 0
  #over = false
  /** Entries that wait for the end entry may be in the log. */
  #writing = false

  constructor(parts: BatchParts, number: number) {
    this.#parts = parts
    this.#number = number
  }

  publish(message: PublishRequest): Promise<void> {
    const held = new Promise<void>((resolve, reject) => {
      this.#demandLive('publish in')
      const index = this.#messages
      const { queues } = this.#parts.intake.hold(message, this.#number, index, resolve, reject)
      this.#messages++
      for (const queue of queues) this.#queues.add(queue)
    })
    this.#publishing.push(held)
    // Whoever does not await it learns of it at commit.
    held.catch(() => undefined)
    return held
  }

  settle(subscription: Subscription, settlements: readonly Settlement[]): void {
    this.#demandLive('settle in', settlements.length)
    const { settler, consumerOf, settled } = this.#parts
    const consumer = consumerOf(subscription)
    if (consumer === undefined) {
      throw new BrokerError('ARGUMENT', 'Cannot settle in a batch: no subscription of this broker')
    }
    settler.check(settlements)
    const copied = [...settlements]
    this.#atCommit.push(async () => {
      await settler.settleWith(consumer, copied, this)
      settled(consumer)
    })
  }

  prepare(request: PrepareRequest): Promise<PreparedHandle> {
    this.#demandLive('prepare in', request.messages.length)
    const prepared = this.#parts.preparer.prepareIn(request, this.#number, {
      atCommit: (operation) => this.#atCommit.push(operation),
      atRollback: (operation) => this.#atRollback.push(operation),
    })
    this.#publishing.push(prepared.then(() => undefined))
    this.#publishing.at(-1)!.catch(() => undefined)
    return prepared
  }

  decide(handle: PreparedHandle, outcome: 'commit' | 'rollback'): void {
    this.#demandLive('decide in')
    const { preparer } = this.#parts
    const { write, release } = preparer.decideIn(handle, outcome, this.#number)
    this.#claims.push(release)
    this.#atCommit.push(() => {
      const shown = write()
      this.#shown += shown.messages
      for (const queue of shown.queues) this.#queues.add(queue)
    })
  }

  commit(): Promise<number[]> {
    return track(this.#parts.engine, this.#commit())
  }

  async #commit(): Promise<number[]> {
    this.#demandLive('commit', 0)
    this.#over = true
    // Dead letters, which are written with it, come behind these.
    const published = this.#messages
    try {
      await Promise.all(this.#publishing)
      this.#writing = true
      for (const operation of this.#atCommit) await operation()
    } catch (error) {
      await this.#drop()
      throw error
    }
    const firstId = this.#end(published)
    const { log } = this.#parts.engine
    log.onDurable(() => this.#release())
    await log.durable()
    return Array.from({ length: published }, (_, index) => firstId + index)
  }

  async rollback(): Promise<void> {
    this.#demandLive('roll back', 0)
    this.#over = true
    await track(this.#parts.engine, this.#drop())
  }

  get number(): number {
    return this.#number
  }

  next(queues: readonly number[]): number {
    for (const queue of queues) this.#queues.add(queue)
    return this.#messages++
  }

  #end(published: number): number {
    const { log, state, counters } = this.#parts.engine
    const firstId = state.nextId
    state.nextId += this.#messages + this.#shown
    counters.published += published + this.#shown
    for (const number of this.#queues) {
      const queue = state.queues.get(number)
      if (queue !== undefined) reachFor(log, queue, state.nextId - 1)
    }
    appendEnd(log, this.#number, true, firstId)
    return firstId
  }

  async #drop(): Promise<void> {
    await Promise.allSettled(this.#publishing)
    for (const operation of this.#atRollback) operation()
    this.#release()
    const { log } = this.#parts.engine
    if (log.failure !== undefined || (this.#messages === 0 && !this.#writing)) return
    appendEnd(log, this.#number, false, 0)
    await log.durable()
  }

  #release(): void {
    for (const release of this.#claims.splice(0)) release()
  }

  #demandLive(doing: string, operations = 1): void {
    const what = `Cannot ${doing} a batch`
    demandOpen(this.#parts.engine, what)
    if (this.#over) throw new BrokerError('BATCH_OVER', `${what}: it has ended`)
    const { batchOperationsMax } = this.#parts.engine.limits
    if (this.#operations + operations <= batchOperationsMax) {
      this.#operations += operations
      return
    }
    throw new BrokerError('LIMIT', `${what}: it has ${batchOperationsMax} operations`)
  }
}
