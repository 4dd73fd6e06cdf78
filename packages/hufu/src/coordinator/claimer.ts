import { sleep } from '@hufu/os'
import { messageOf } from '../errors.ts'
import { isFinal, type TransactionRow } from '../ports/transactions.ts'
import type { Runtime } from '../service/runtime.ts'
import { Waker } from '../waker.ts'
import type { Definitions } from './definition.ts'
import type { CoordinatorLease } from './lease.ts'
import type { CoordinatorOptions } from './options.ts'

/** After an error of the store, ms. */
const TROUBLE_MS = 1_000

/** Transactions in doubt that are looked for one by one, at most, and in one round. */
const UNSURE_MAX = 1_000
const UNSURE_PER_ROUND = 32

/** For whom transactions are claimed. */
export interface Claiming {
  readonly definitions: Definitions
  /** How many more may be in hand. */
  readonly room: () => number
  /** Calls under way. */
  readonly calls: () => number
  /** States to be stored. */
  readonly saves: () => number
  readonly adopt: (row: TransactionRow) => void
}

/** A statement that waits for what another transaction may be doing with the row. */
export type Waits<Tx> = (tx: Tx) => Promise<unknown>

/** Ends a transaction that was begun to wait only. */
class Waited extends Error {}

/** Finds work: what others left behind, what has become due, what was stored and not begun. */
export class Claimer<Tx, Foreign> {
  readonly #runtime: Runtime<Tx, Foreign>
  readonly #options: CoordinatorOptions
  readonly #lease: CoordinatorLease<Tx, Foreign>
  readonly #claiming: Claiming
  readonly #waker: Waker
  readonly #unsure = new Map<string, Waits<Tx> | undefined>()
  #tooMany = false
  #stopping = new AbortController()
  #running: Promise<void> | undefined
  /** The last claim found as many as it asked for. */
  #more = false

  constructor(
    runtime: Runtime<Tx, Foreign>,
    options: CoordinatorOptions,
    lease: CoordinatorLease<Tx, Foreign>,
    claiming: Claiming,
  ) {
    this.#runtime = runtime
    this.#options = options
    this.#lease = lease
    this.#claiming = claiming
    this.#waker = new Waker(runtime.os.clock)
  }

  start(): void {
    this.#stopping = new AbortController()
    this.#running = this.#run()
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#waker.wake()
    await this.#running
  }

  wake(): void {
    this.#waker.wake()
  }

  /** Some work is done: there may be room for what was left. */
  spare(): void {
    if (this.#more && !this.#isBusy) this.#waker.wake()
  }

  /**
   * It is not known whether this one is stored, or whose it is: the store will say. `waits` where a
   * commit may still be under way although its answer was lost.
   */
  lookFor(id: string, waits?: Waits<Tx>): void {
    if (this.#unsure.size < UNSURE_MAX) this.#unsure.set(id, waits)
    else this.#tooMany = true
  }

  async #run(): Promise<void> {
    const { os, warn } = this.#runtime
    const { signal } = this.#stopping
    while (!signal.aborted) {
      this.#waker.clear()
      try {
        this.#more = await this.#claimSome()
      } catch (error) {
        warn(`Claiming transactions: ${messageOf(error)}; again in ${TROUBLE_MS} ms`)
        await sleep(os.clock, TROUBLE_MS, signal)
        if (!signal.aborted) await this.#beginAnew()
      }
      await this.#lookForUnsure()
      const goOn = this.#more && !this.#isBusy
      if (!goOn && !signal.aborted) await this.#waker.pause(this.#options.pollMs)
    }
  }

  /** Rows may have been given to this coordinator in an answer that was lost. */
  async #beginAnew(): Promise<void> {
    try {
      await this.#lease.anew()
    } catch (error) {
      this.#runtime.warn(`Registering the coordinator anew: ${messageOf(error)}`)
    }
  }

  /** What others left must not keep what is begun here waiting, nor flood the participants. */
  get #isBusy(): boolean {
    const { calls, saves } = this.#claiming
    return calls() >= this.#options.busyCalls || saves() >= this.#options.busySaves
  }

  /** True when there may be more. */
  async #claimSome(): Promise<boolean> {
    const { owner, holds } = this.#lease
    const { definitions, room } = this.#claiming
    if (!holds || room() <= 0 || definitions.empty) return false
    const { claimMax, busyClaim } = this.#options
    const limit = Math.min(this.#isBusy ? busyClaim : claimMax, room())
    const request = { owner, limit, definitions: definitions.refs() }
    const rows = await this.#runtime.store.transactions.claim(request)
    if (owner !== this.#lease.owner) return false
    for (const row of rows) this.#adopt(row)
    return rows.length === limit
  }

  /** A few at a time: what is due must not wait for them. */
  async #lookForUnsure(): Promise<void> {
    if (this.#tooMany) return this.#forgetUnsure()
    for (const [id, waits] of [...this.#unsure].slice(0, UNSURE_PER_ROUND)) {
      try {
        await this.#lookForOne(id, waits)
      } catch (error) {
        // Behind the others: it may be the one that cannot be read.
        this.#unsure.delete(id)
        this.#unsure.set(id, waits)
        const text = 'it is looked for again'
        this.#runtime.warn(`Looking for transaction ${id}: ${messageOf(error)}; ${text}`)
        return
      }
    }
    if (this.#unsure.size > 0) this.#waker.wake()
  }

  /** Under a new number whatever the old one has, known or not, can be claimed. */
  async #forgetUnsure(): Promise<void> {
    this.#tooMany = false
    this.#unsure.clear()
    await this.#beginAnew()
  }

  async #lookForOne(id: string, waits: Waits<Tx> | undefined): Promise<void> {
    if (waits !== undefined) await this.#outlast(waits)
    const row = await this.#runtime.store.transactions.get(id)
    this.#unsure.delete(id)
    const ours = row !== undefined && !isFinal(row.status) && row.owner === this.#lease.owner
    if (ours && row.owner !== 0) this.#adopt(row)
  }

  /** After it, no commit of which the answer was lost can come any more. Changes nothing. */
  async #outlast(waits: Waits<Tx>): Promise<void> {
    try {
      await this.#runtime.store.transaction(async (tx) => {
        await waits(tx)
        throw new Waited()
      })
    } catch (error) {
      if (!(error instanceof Waited)) throw error
    }
  }

  /** One that cannot be read must not keep the others from their work. */
  #adopt(row: TransactionRow): void {
    try {
      this.#claiming.adopt(row)
    } catch (error) {
      this.#runtime.warn(`Taking over transaction ${row.id}: ${messageOf(error)}`)
    }
  }
}
