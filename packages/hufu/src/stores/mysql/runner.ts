import { AsyncLocalStorage } from 'node:async_hooks'
import type { Clock } from '@hufu/os'
import type { PoolConnection } from 'mysql2/promise'
import { HufuError, messageOf } from '../../errors.ts'
import type { WorkKind } from '../../ports/store.ts'
import { discardBegun } from './begun.ts'
import { abandon, commit, rollback } from './commit.ts'
import type { Connections } from './connections.ts'
import { limitIdle } from './idle-limit.ts'
import type { Names } from './names.ts'
import { begin } from './own.ts'
import { Slots } from './slots.ts'
import { LiveTx } from './tx.ts'

interface RunnerParts {
  readonly clock: Clock
  readonly names: Names
  readonly connections: Connections
  /** At the same time; one connection less than there are, for what is read meanwhile. */
  readonly transactionsMax: number
  /** Longest transaction, ms. */
  readonly transactionMs: number
  /** The connections are our own, and the server can end what is idle in a transaction. */
  readonly limitsIdle: boolean
  readonly onWork: (kind: WorkKind) => void
}

/** The users' transactions, each on a connection of its own. */
export class Runner {
  readonly #parts: RunnerParts
  readonly #slots: Slots
  readonly #inside = new AsyncLocalStorage<LiveTx>()
  readonly #running = new Set<Promise<unknown>>()
  #closed = false

  constructor(parts: RunnerParts) {
    this.#parts = parts
    this.#slots = new Slots(parts.transactionsMax)
  }

  /** The transaction in which the caller is. */
  get inside(): LiveTx | undefined {
    const tx = this.#inside.getStore()
    return tx?.live ? tx : undefined
  }

  async submit<T>(
    fn: (tx: LiveTx) => Promise<T> | T,
    timeoutMs = this.#parts.transactionMs,
  ): Promise<T> {
    const what = 'Beginning a transaction'
    if (this.#closed) throw new HufuError('CLOSED', `${what}: the store is closed`)
    if (this.inside) {
      const text = 'the caller is inside one of this store already; use its tx'
      throw new HufuError('TRANSACTION_NESTED', `${what}: ${text}`)
    }
    const running = this.#inTurn(fn, timeoutMs)
    this.#running.add(running)
    return running.finally(() => this.#running.delete(running))
  }

  /** Lets the transactions under way finish, then refuses more. */
  async close(): Promise<void> {
    this.#closed = true
    await Promise.allSettled(this.#running)
  }

  async #inTurn<T>(fn: (tx: LiveTx) => Promise<T> | T, timeoutMs: number): Promise<T> {
    await this.#slots.enter()
    try {
      return await this.#one(fn, timeoutMs)
    } finally {
      this.#slots.leave()
    }
  }

  async #one<T>(fn: (tx: LiveTx) => Promise<T> | T, timeoutMs: number): Promise<T> {
    const { connections, names, limitsIdle, onWork } = this.#parts
    const connection = await connections.borrow(async (one) => {
      if (limitsIdle) await limitIdle(one, timeoutMs)
      await begin(one)
    })
    const tx = new LiveTx(connection, names)
    let value: T
    try {
      value = await this.#inTime(timeoutMs, () => this.#inside.run(tx, fn, tx))
      if (tx.pending > 0) throw pending()
      await discardBegun(tx)
      await tx.demandWhole()
    } catch (error) {
      tx.end(`it was rolled back (${messageOf(error)})`)
      await this.#undo(tx, connection)
      throw error
    }
    tx.end('it has ended')
    await commit(connections, connection)
    if (tx.work.messages) onWork('messages')
    if (tx.work.parked) onWork('parked')
    if (tx.work.transactions) onWork('transactions')
    return value
  }

  async #undo(tx: LiveTx, connection: PoolConnection): Promise<void> {
    const { connections } = this.#parts
    if (tx.pending > 0) await abandon(connections, connection)
    else await rollback(connections, connection)
  }

  #inTime<T>(timeoutMs: number, fn: () => Promise<T> | T): Promise<T> {
    return new Promise((resolve, reject) => {
      const timer = this.#parts.clock.timer(timeoutMs, () => {
        const text = `Running a transaction: it took longer than ${timeoutMs} ms`
        reject(new HufuError('TRANSACTION_TIMEOUT', text))
      })
      Promise.resolve()
        .then(fn)
        .then(resolve, reject)
        .finally(() => timer.cancel())
    })
  }
}

function pending(): HufuError {
  const text = 'its function returned while something in it was not awaited'
  return new HufuError('TRANSACTION_PENDING', `Running a transaction: ${text}`)
}
