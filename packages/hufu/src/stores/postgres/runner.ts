import { AsyncLocalStorage } from 'node:async_hooks'
import type { Os } from '@hufu/os'
import { HufuError, messageOf } from '../../errors.ts'
import type { WorkKind } from '../../ports/store.ts'
import type { PostgresPool } from './driver.ts'
import { explained } from './failure.ts'
import type { Session } from './session.ts'
import { begin } from './session.ts'
import { LiveTx } from './tx.ts'

/** Runs transactions, as many at a time as the pool has connections. */
export class Runner {
  readonly #pool: PostgresPool
  readonly #os: Os
  readonly #answerMs: number
  readonly #onWork: (kind: WorkKind) => void
  readonly #inside = new AsyncLocalStorage<LiveTx>()
  #running = 0
  #idle: (() => void) | undefined
  #closed = false

  constructor(pool: PostgresPool, os: Os, answerMs: number, onWork: (kind: WorkKind) => void) {
    this.#pool = pool
    this.#os = os
    this.#answerMs = answerMs
    this.#onWork = onWork
  }

  /** The caller's own transaction, when it is inside one. */
  get current(): LiveTx | undefined {
    const tx = this.#inside.getStore()
    return tx?.live ? tx : undefined
  }

  async run<T>(fn: (tx: LiveTx) => Promise<T> | T, timeoutMs: number): Promise<T> {
    if (this.#closed) throw new HufuError('CLOSED', 'Beginning a transaction: the store is closed')
    if (this.current) {
      throw new HufuError(
        'TRANSACTION_NESTED',
        'Beginning a transaction: the caller is inside one of this store already; use its tx',
      )
    }
    this.#running++
    try {
      return await this.#one(await begin(this.#pool, timeoutMs, this.#answerMs), fn, timeoutMs)
    } finally {
      this.#running--
      if (this.#running === 0) this.#idle?.()
    }
  }

  /** Lets running transactions finish and refuses more. */
  async close(): Promise<void> {
    this.#closed = true
    if (this.#running > 0) await new Promise<void>((resolve) => (this.#idle = resolve))
  }

  async #one<T>(
    session: Session,
    fn: (tx: LiveTx) => Promise<T> | T,
    timeoutMs: number,
  ): Promise<T> {
    const tx = new LiveTx(session.client)
    let value: T
    try {
      value = await this.#inTime(tx, fn, timeoutMs)
      if (tx.pending > 0) throw pending()
      tx.end('it has ended')
    } catch (error) {
      tx.end(`it was rolled back (${messageOf(error)})`)
      // A statement that waits for a lock would keep the rollback waiting too.
      if (error instanceof TimeIsUp && tx.pending > 0) session.release(true)
      else await session.undo()
      throw session.isLost ? explained('Running a transaction', error) : error
    }
    await session.commit()
    if (tx.work.messages) this.#onWork('messages')
    if (tx.work.parked) this.#onWork('parked')
    if (tx.work.transactions) this.#onWork('transactions')
    return value
  }

  #inTime<T>(tx: LiveTx, fn: (tx: LiveTx) => Promise<T> | T, timeoutMs: number): Promise<T> {
    const running = this.#inside.run(tx, async () => fn(tx))
    return new Promise<T>((resolve, reject) => {
      const timer = this.#os.clock.timer(timeoutMs, () => reject(new TimeIsUp(timeoutMs)))
      running.finally(() => timer.cancel()).then(resolve, reject)
    })
  }
}

class TimeIsUp extends HufuError {
  constructor(timeoutMs: number) {
    super('TRANSACTION_TIMEOUT', `Running a transaction: it took longer than ${timeoutMs} ms`)
  }
}

function pending(): HufuError {
  const text = 'its function returned while a statement or publish in it was not awaited'
  return new HufuError('TRANSACTION_PENDING', `Running a transaction: ${text}`)
}
