import { messageOf } from '../errors.ts'
import type { Replies } from '../outbox/replies.ts'
import type { DueFilter, ParkedRow } from '../ports/store.ts'
import type { Runtime } from '../service/runtime.ts'
import { Waker } from '../waker.ts'
import type { Loop } from './loop.ts'
import type { Message, Verdict } from './message.ts'

/** The safety net for work whose commit woke nobody, and for work that becomes due, ms. */
const POLL_MS = 500

/** Rows run at a time, each of another key or of none. */
const BATCH = 16

/** Runs the parked work of a consumer that is to be tried again, in its keys' order. */
export class Aside<Tx> {
  readonly #runtime: Runtime<Tx>
  readonly #loop: Loop<Tx>
  readonly #replies: Replies<Tx>
  readonly #filter: DueFilter
  #stopping = new AbortController()
  readonly #waker: Waker
  #running: Promise<void> | undefined

  constructor(
    runtime: Runtime<Tx>,
    loop: Loop<Tx>,
    replies: Replies<Tx>,
    filter: Omit<DueFilter, 'limit'>,
  ) {
    this.#runtime = runtime
    this.#waker = new Waker(runtime.os.clock)
    this.#loop = loop
    this.#replies = replies
    this.#filter = { ...filter, limit: BATCH }
  }

  start(): void {
    this.#stopping = new AbortController()
    this.#running = this.#run()
  }

  wake(): void {
    this.#waker.wake()
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    this.wake()
    await this.#running
  }

  async #run(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      this.#waker.clear()
      let ran = 0
      try {
        const rows = await this.#runtime.store.parked.due(this.#filter)
        await Promise.all(rows.map((row) => this.#one(row)))
        ran = rows.length
      } catch (error) {
        this.#runtime.warn(`Running parked work: ${messageOf(error)}`)
      }
      if (ran === 0) await this.#waker.pause(POLL_MS)
    }
  }

  async #one(row: ParkedRow): Promise<void> {
    const { event, group, id, key, headers, body, attempts, ref } = row
    const message: Message = {
      event,
      group,
      id,
      headers,
      body,
      attempts,
      ref,
      ...(key !== null && { key }),
    }
    const verdict = await this.#loop.runParked(message)
    if (verdict.outcome === 'done') await this.#replies.tell(row, verdict.receipt)
    else if (verdict.outcome !== 'stopped') await this.#again(row, verdict)
  }

  /** Stores when it is to be tried again. */
  async #again(row: ParkedRow, verdict: Extract<Verdict, { delayMs: number }>): Promise<void> {
    const { store } = this.#runtime
    const nextAttemptAt = (await store.now()) + verdict.delayMs
    const failed = verdict.outcome === 'retry'
    await store.transaction(async (tx) => {
      const found = await store.parked.get(tx, row.ref)
      if (found?.state !== 'waiting' || found.attempts !== row.attempts) return
      const attempts = row.attempts + (failed ? 1 : 0)
      const told = failed ? { cause: 'RETRY', detail: verdict.cause } : {}
      await store.parked.change(tx, row.ref, { state: 'waiting', attempts, nextAttemptAt, ...told })
    })
  }
}
