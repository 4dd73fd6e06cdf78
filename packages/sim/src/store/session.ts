import { AsyncLocalStorage } from 'node:async_hooks'
import type { Os } from '@hufu/os'
import { randomBelow } from '@hufu/os'
import { HufuError } from 'hufu'
import type { Database } from './database.ts'
import type { ModelTx } from './tx.ts'

/** Longest transaction unless told, ms. */
const TRANSACTION_MS = 5_000
/** Longest time that a commit takes, ms. */
const COMMIT_MS_MAX = 3
/** One transaction in so many waits for a connection, and for how long at most, ms. */
const WAIT_ONE_IN = 4
const WAIT_MS_MAX = 15

/** What one open store does with its database. */
export class Session {
  readonly database: Database
  readonly #os: Os
  readonly #onWork: () => void
  readonly #inside = new AsyncLocalStorage<ModelTx>()

  constructor(database: Database, os: Os, onWork: () => void) {
    this.database = database
    this.#os = os
    this.#onWork = onWork
  }

  /** Runs `fn` in a transaction; resolves after its commit. */
  async run<T>(fn: (tx: ModelTx) => Promise<T> | T, timeoutMs = TRANSACTION_MS): Promise<T> {
    if (this.#inside.getStore()?.live) {
      throw new HufuError(
        'TRANSACTION_NESTED',
        'Beginning a transaction: the caller is inside one of this store already; use its tx',
      )
    }
    if (randomBelow(this.#os.random, WAIT_ONE_IN) === 0) await this.#pass(WAIT_MS_MAX)
    const tx = this.database.begin()
    try {
      const value = await this.#withTimeout(tx, timeoutMs, () => this.#inside.run(tx, fn, tx))
      await this.#commit(tx)
      return value
    } catch (error) {
      this.database.end(tx, 'it was rolled back')
      throw error
    }
  }

  async #withTimeout<T>(tx: ModelTx, ms: number, work: () => Promise<T> | T): Promise<T> {
    const late = Promise.withResolvers<never>()
    const timer = this.#os.clock.timer(ms, () => {
      const text = `Running a transaction: it took longer than ${ms} ms`
      this.database.end(tx, 'it took too long')
      late.reject(new HufuError('TRANSACTION_TIMEOUT', text))
    })
    try {
      return await Promise.race([work(), late.promise])
    } finally {
      timer.cancel()
    }
  }

  /** Durable some time later; a crash meanwhile may find it done or not. */
  async #commit(tx: ModelTx): Promise<void> {
    tx.committing = true
    await this.#pass(COMMIT_MS_MAX)
    this.database.commit(tx)
    if (tx.work) this.#onWork()
  }

  #pass(msMax: number): Promise<void> {
    const ms = randomBelow(this.#os.random, msMax * 10) / 10
    return new Promise((resolve) => void this.#os.clock.timer(ms, resolve))
  }
}

/** The open session; throws `CLOSED` before `open` and after `close`. */
export type Opened = () => Session
