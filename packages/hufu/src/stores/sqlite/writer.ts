import { AsyncLocalStorage } from 'node:async_hooks'
import type { Os } from '@hufu/os'
import { sleep } from '@hufu/os'
import { HufuError, messageOf } from '../../errors.ts'
import type { OutboxRow, WorkKind } from '../../ports/store.ts'
import type { Connection } from './connection.ts'
import { isBusy, isDiskTrouble } from './connection.ts'
import { Deadline } from './deadline.ts'
import { areWhole } from './recent.ts'
import { LiveTx } from './tx.ts'

export interface WriterLimits {
  /** Transactions committed together. */
  groupMax: number
  /** A group takes no more transactions after this time, ms. */
  groupMs: number
  /** Longest transaction, ms. */
  transactionMs: number
  /** Longest wait for the database's lock, ms. */
  lockWaitMs: number
}

/** Who is told of what was committed. */
export interface WriterEvents {
  readonly onWork: (kind: WorkKind) => void
  readonly onStored: (rows: readonly OutboxRow[]) => void
}

interface Job {
  readonly timeoutMs: number
  /** Has the user's function called, in the caller's async context. */
  readonly start: (tx: LiveTx) => void
  /** What the user's function gives. */
  readonly running: Promise<unknown>
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
}

interface Done {
  readonly job: Job
  readonly value: unknown
}

/**
 * The only writer of a store in this process. Transactions run one after another, each in a
 * savepoint; one COMMIT ends a group of them, and nobody is answered before it.
 */
export class Writer {
  readonly #connection: Connection
  readonly #os: Os
  readonly #limits: WriterLimits
  readonly #events: WriterEvents
  readonly #inside = new AsyncLocalStorage<LiveTx>()
  #queue: Job[] = []
  #pump: Promise<void> | undefined
  #closed = false
  readonly #deadline: Deadline

  constructor(connection: Connection, os: Os, limits: WriterLimits, events: WriterEvents) {
    this.#connection = connection
    this.#os = os
    this.#limits = limits
    this.#events = events
    this.#deadline = new Deadline(os.clock)
  }

  submit<T>(fn: (tx: LiveTx) => Promise<T> | T, timeoutMs = this.#limits.transactionMs) {
    if (this.#closed) throw new HufuError('CLOSED', 'Beginning a transaction: the store is closed')
    if (this.#inside.getStore()?.live) {
      throw new HufuError(
        'TRANSACTION_NESTED',
        'Beginning a transaction: the caller is inside one of this store already; use its tx',
      )
    }
    // What follows a promise runs in the async context in which it was asked for: the caller's.
    const { promise: turn, resolve: start } = Promise.withResolvers<LiveTx>()
    const running = turn.then((tx) => this.#inside.run(tx, call, fn, tx))
    return new Promise<T>((resolve, reject) => {
      this.#queue.push({
        timeoutMs,
        start,
        running,
        resolve: resolve as (value: unknown) => void,
        reject,
      })
      this.#pump ??= this.#run()
    })
  }

  /** Lets the queued transactions finish, then refuses more. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#pump
  }

  async #run(): Promise<void> {
    while (this.#queue.length > 0) {
      // Callers woken by the last commit, and input that came meanwhile, join the next group.
      await new Promise<void>((resolve) => this.#os.clock.turn(resolve))
      try {
        await this.#begin()
      } catch (error) {
        const refused = this.#queue
        this.#queue = []
        for (const job of refused) job.reject(error)
        continue
      }
      await this.#group()
    }
    this.#pump = undefined
    this.#deadline.rest()
  }

  async #begin(): Promise<void> {
    await whenFree(this.#os, this.#limits.lockWaitMs, 'Beginning a transaction', () => {
      this.#connection.run('BEGIN IMMEDIATE')
    })
  }

  async #group(): Promise<void> {
    const { clock } = this.#os
    const until = clock.mono() + this.#limits.groupMs
    const done: Done[] = []
    const work = { messages: false, parked: false, transactions: false }
    const stored: OutboxRow[] = []
    const group = { nothingParked: undefined }
    for (let count = 0; count < this.#limits.groupMax; count++) {
      const job = this.#queue.shift()
      if (!job) break
      const tx = new LiveTx(this.#connection, group)
      const result = await this.#one(job, tx)
      if (result) {
        done.push(result)
        work.messages ||= tx.work.messages
        work.parked ||= tx.work.parked
        work.transactions ||= tx.work.transactions
        for (const row of tx.stored) stored.push(row)
      }
      if (!this.#connection.db.isTransaction) return rejectAll(done, lost())
      if (clock.mono() >= until) break
    }
    const whole = areWhole(stored, this.#connection)
    if (!this.#commit(done)) return
    if (whole) this.#events.onStored(stored)
    if (work.messages) this.#events.onWork('messages')
    if (work.parked) this.#events.onWork('parked')
    if (work.transactions) this.#events.onWork('transactions')
  }

  /** Runs one transaction in its savepoint; undefined when it failed and was rolled back. */
  async #one(job: Job, tx: LiveTx): Promise<Done | undefined> {
    const connection = this.#connection
    try {
      connection.run('SAVEPOINT hufu_tx')
      job.start(tx)
      const value = await this.#inTime(job)
      this.#deadline.end()
      if (tx.pending > 0) throw pending()
      tx.end('it has ended')
      if (!connection.db.isTransaction) throw lost()
      connection.run('RELEASE hufu_tx')
      return { job, value }
    } catch (error) {
      this.#deadline.end()
      tx.end(`it was rolled back (${messageOf(error)})`)
      this.#undo()
      job.reject(explained(error))
      return undefined
    }
  }

  #inTime({ running, timeoutMs }: Job): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#deadline.begin(timeoutMs, () => {
        const text = `Running a transaction: it took longer than ${timeoutMs} ms`
        reject(new HufuError('TRANSACTION_TIMEOUT', text))
      })
      running.then(resolve, reject)
    })
  }

  #undo(): void {
    // A full disk or a failed write ends the whole transaction by itself.
    if (!this.#connection.db.isTransaction) return
    try {
      this.#connection.run('ROLLBACK TO hufu_tx')
      this.#connection.run('RELEASE hufu_tx')
    } catch {
      this.#rollback()
    }
  }

  #commit(done: Done[]): boolean {
    try {
      this.#connection.run('COMMIT')
    } catch (error) {
      this.#rollback()
      const text = `Committing ${done.length} transactions: ${messageOf(error)}`
      rejectAll(done, new HufuError('COMMIT_FAILED', text, error))
      return false
    }
    for (const { job, value } of done) job.resolve(value)
    return true
  }

  #rollback(): void {
    if (this.#connection.db.isTransaction) this.#connection.run('ROLLBACK')
  }
}

/** Calls the user's function; one that returns before what it began has ended has failed. */
function call<T>(fn: (tx: LiveTx) => Promise<T> | T, tx: LiveTx): Promise<T> | T {
  const result = fn(tx)
  if (tx.pending === 0 || result === tx.last) return result
  if (!(result instanceof Promise)) throw pending()
  return result.then((value) => {
    if (tx.pending > 0) throw pending()
    return value
  })
}

function pending(): HufuError {
  const text = 'its function returned while a publish in it was not awaited'
  return new HufuError('TRANSACTION_PENDING', `Running a transaction: ${text}`)
}

function lost(): HufuError {
  return new HufuError('TRANSACTION_LOST', 'Running a transaction: it was ended from outside')
}

function rejectAll(done: Done[], error: HufuError): void {
  for (const { job } of done) job.reject(error)
}

/** A full or failing disk is the store's trouble, not that of the work in hand. */
function explained(error: unknown): unknown {
  if (!isDiskTrouble(error)) return error
  const text = `Running a transaction: ${messageOf(error)}`
  return new HufuError('STORE_UNUSABLE', text, error)
}

/** Repeats `action` while the database is locked; waits without blocking the process. */
export async function whenFree<T>(
  os: Os,
  waitMs: number,
  what: string,
  action: () => T,
): Promise<T> {
  const until = os.clock.mono() + waitMs
  for (let pause = 1; ; pause = Math.min(pause * 2, 25)) {
    try {
      return action()
    } catch (error) {
      if (!isBusy(error)) throw error
      if (os.clock.mono() >= until) {
        const text = `${what}: the database stayed locked for ${waitMs} ms`
        throw new HufuError('STORE_BUSY', text, error)
      }
    }
    await sleep(os.clock, pause)
  }
}
