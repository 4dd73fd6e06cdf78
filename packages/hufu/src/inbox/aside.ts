import { messageOf } from '../errors.ts'
import type { Replies } from '../outbox/replies.ts'
import type { DueFilter, ParkedChange, ParkedRow } from '../ports/store.ts'
import type { Runtime } from '../service/runtime.ts'
import { Waker } from '../waker.ts'
import type { Alone } from './alone.ts'
import type { Loop } from './loop.ts'
import type { Verdict } from './message.ts'

/** The safety net for work whose commit woke nobody, and for work that becomes due, ms. */
const POLL_MS = 500

/** Rows at work at a time, each of another key or of none. */
const AT_A_TIME = 16

/** Cause of a row that is at work; found at its next turn, nobody answered for it. */
const STARTED = 'STARTED'

export interface AsideOptions extends Omit<DueFilter, 'limit'> {
  /** A row whose process has not answered after so long is due again, ms. */
  readonly leaseMs: number
  /** One for all consumers of the service. */
  readonly alone: Alone
}

/**
 * Runs the parked work of a consumer that is to be tried again, in its keys' order. Each attempt is
 * stored before it is made: also one that ends the process counts.
 */
export class Aside<Tx> {
  readonly #runtime: Runtime<Tx>
  readonly #loop: Loop<Tx>
  readonly #replies: Replies<Tx>
  readonly #options: AsideOptions
  #stopping = new AbortController()
  readonly #waker: Waker
  readonly #inHand = new Map<number, Promise<void>>()
  #running: Promise<void> | undefined

  constructor(runtime: Runtime<Tx>, loop: Loop<Tx>, replies: Replies<Tx>, options: AsideOptions) {
    this.#runtime = runtime
    this.#waker = new Waker(runtime.os.clock)
    this.#loop = loop
    this.#replies = replies
    this.#options = options
  }

  start(): void {
    this.#stopping = new AbortController()
    this.#running = this.#run()
  }

  wake(): void {
    this.#waker.wake()
  }

  /** Something will be due in so long: sooner than it would be found. */
  wakeIn(delayMs: number): void {
    if (delayMs >= POLL_MS) return
    this.#runtime.os.clock.timer(delayMs + 1, () => this.wake(), { background: true })
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    this.wake()
    await this.#running
    await Promise.all(this.#inHand.values())
  }

  async #run(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      this.#waker.clear()
      try {
        await this.#startSome()
      } catch (error) {
        this.#runtime.warn(`Running parked work: ${messageOf(error)}`)
      }
      await this.#waker.pause(POLL_MS)
    }
  }

  /** As many as there is room for; the end of one makes room and wakes. */
  async #startSome(): Promise<void> {
    const room = AT_A_TIME - this.#inHand.size
    if (room === 0) return
    const { leaseMs: _, alone: __, ...filter } = this.#options
    const due = await this.#runtime.store.parked.due({ ...filter, limit: 2 * AT_A_TIME })
    const rows = due.filter(({ ref }) => !this.#inHand.has(ref)).slice(0, room)
    for (const row of rows) this.#start(row)
  }

  #start(row: ParkedRow): void {
    const { ref, event, group, id } = row
    const work = this.#one(row)
      .catch((error) => {
        this.#runtime.warn(`Running parked work ${event}/${group}/${id}: ${messageOf(error)}`)
        return false
      })
      .then((begun) => {
        this.#inHand.delete(ref)
        // One that was not begun is due as before: it is looked at again in due time only.
        if (begun) this.wake()
      })
    this.#inHand.set(ref, work)
  }

  /** True when an attempt was made. */
  async #one(row: ParkedRow): Promise<boolean> {
    const { event, group, id, key, headers, body, attempts, ref, cause } = row
    const spent = cause === STARTED
    let begun = false
    let leave: (() => void) | undefined
    const begin = async () => {
      leave = await this.#options.alone.enter(spent)
      begun = await this.#begin(row)
      return begun
    }
    try {
      const verdict = await this.#loop.runParked({
        ...{ event, group, id, headers, body, attempts, ref, spent, begin },
        ...(key !== null && { key }),
      })
      if (begun && verdict.outcome === 'done') await this.#replies.tell(row, verdict.receipt)
      // One that was not begun has waited for its rate, or for a service that stops.
      else if (begun || verdict.outcome === 'later') await this.#again(row, verdict, begun)
      return begun
    } finally {
      leave?.()
    }
  }

  /** False when another process has it, or a person has decided. */
  async #begin(row: ParkedRow): Promise<boolean> {
    const { store } = this.#runtime
    const nextAttemptAt = (await store.now()) + this.#options.leaseMs
    return store.transaction(async (tx) => {
      const found = await store.parked.get(tx, row.ref)
      if (found?.state !== 'waiting' || found.nextAttemptAt !== row.nextAttemptAt) return false
      const change = { attempts: row.attempts + 1, nextAttemptAt, cause: STARTED }
      await store.parked.change(tx, row.ref, { state: 'waiting', ...change })
      return true
    })
  }

  /** Stores when it is to be tried again; an attempt that was none is not counted. */
  async #again(row: ParkedRow, verdict: Verdict, begun: boolean): Promise<void> {
    const { store } = this.#runtime
    const delayMs = 'delayMs' in verdict ? verdict.delayMs : 0
    const counted = row.attempts + (begun ? 1 : 0)
    const nextAttemptAt = (await store.now()) + delayMs
    const told =
      verdict.outcome === 'retry'
        ? { attempts: row.attempts + 1, cause: 'RETRY', detail: verdict.cause }
        : { attempts: row.attempts, cause: row.cause }
    const change: ParkedChange = { state: 'waiting', nextAttemptAt, ...told }
    await store.transaction(async (tx) => {
      const found = await store.parked.get(tx, row.ref)
      if (found?.state !== 'waiting' || found.attempts !== counted) return
      await store.parked.change(tx, row.ref, change)
    })
    this.wakeIn(delayMs)
  }
}
