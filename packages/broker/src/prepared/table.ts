/** A prepared (half) message, or several of one transaction: stored, invisible, undecided. */
export interface Prepared {
  /** Number of the batch that holds the bodies; the version of the handle. */
  readonly batch: number
  readonly transactionId: string
  /** Whose producers may be asked. */
  readonly group: string
  /** Broker time, ms. */
  readonly preparedAt: number
  /** Between two askings, ms. */
  readonly everyMs: number
  /** So many real askings, then it is parked. */
  readonly checksMax: number
  /** Askings that counted so far. */
  checks: number
  /** Broker time of the next asking, ms. */
  nextAt: number
  /** Asked often enough; waits for a late word or a person. */
  parked: boolean
}

export type Outcome = 'commit' | 'rollback'

/** What became of a transaction, remembered for repeated words. */
export interface Decided {
  readonly batch: number
  readonly transactionId: string
  readonly outcome: Outcome
  /** Broker time, ms. */
  readonly at: number
}

/** All undecided transactions by id, and the last decisions. */
export class PreparedTable {
  readonly #byId = new Map<string, Prepared>()
  readonly #byBatch = new Map<number, Prepared>()
  /** By batch, oldest first. */
  readonly #decided = new Map<number, Decided>()
  readonly #decidedMax: number

  constructor(decidedMax: number) {
    this.#decidedMax = decidedMax
  }

  /** Undecided ones, oldest first. */
  values(): IterableIterator<Prepared> {
    return this.#byBatch.values()
  }

  decisions(): IterableIterator<Decided> {
    return this.#decided.values()
  }

  find(transactionId: string): Prepared | undefined {
    return this.#byId.get(transactionId)
  }

  ofBatch(batch: number): Prepared | undefined {
    return this.#byBatch.get(batch)
  }

  decisionOf(batch: number): Decided | undefined {
    return this.#decided.get(batch)
  }

  add(prepared: Prepared): void {
    this.#byId.set(prepared.transactionId, prepared)
    this.#byBatch.set(prepared.batch, prepared)
  }

  /** Moves it to the decided ones; the oldest decision beyond the limit is forgotten. */
  decide(batch: number, outcome: Outcome, at: number): Prepared | undefined {
    const prepared = this.#byBatch.get(batch)
    if (prepared === undefined) return undefined
    const { transactionId } = prepared
    this.#byBatch.delete(batch)
    if (this.#byId.get(transactionId) === prepared) this.#byId.delete(transactionId)
    this.remember({ batch, transactionId, outcome, at })
    return prepared
  }

  remember(decided: Decided): void {
    this.#decided.set(decided.batch, decided)
    if (this.#decided.size <= this.#decidedMax) return
    const oldest = this.#decided.keys().next().value
    if (oldest !== undefined) this.#decided.delete(oldest)
  }
}
