import { sleep } from '@hufu/os'
import { backoffMs } from '../backoff.ts'
import { messageOf } from '../errors.ts'
import { causeText } from '../limits.ts'
import type { NewParked, OutboxRow, SendOutcome } from '../ports/store.ts'
import type { PublishOutcome, Refusal } from '../ports/transport.ts'
import type { Alert } from '../service/alert.ts'
import { Notice } from '../service/notice.ts'
import type { Runtime } from '../service/runtime.ts'
import { Waker } from '../waker.ts'
import { outgoing, receiptWaitMs } from './wire.ts'

/** The safety net: rows whose commit woke nobody are found after this time, ms. */
const POLL_MS = 200

/** How long a relay keeps the right to send without renewing it, ms. */
const LEASE_MS = 10_000

/** After an error of store or transport, ms. */
const TROUBLE = { firstMs: 200, capMs: 5_000, jitter: true }

/** After a refusal of one message, ms. */
const REFUSED = { firstMs: 200, capMs: 60_000, jitter: true }

/** How often the waiting messages are counted, for the limit on them, ms. */
const COUNT_MS = 1_000

/** Sends what the outbox holds: woken by commits, in batches, one relay per database at a time. */
export class Relay<Tx> {
  readonly #runtime: Runtime<Tx>
  readonly #refusals: Notice
  readonly #name: string
  #stopping = new AbortController()
  readonly #waker: Waker
  #countAt = 0
  #running: Promise<void> | undefined

  constructor(runtime: Runtime<Tx>) {
    this.#runtime = runtime
    this.#refusals = new Notice(runtime)
    this.#name = runtime.os.random.id()
    this.#waker = new Waker(runtime.os.clock)
  }

  start(): void {
    this.#stopping = new AbortController()
    this.#running = this.#run()
  }

  wake(): void {
    this.#waker.wake()
  }

  /** Finishes the batch under way and lets go of the claim. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    this.wake()
    await this.#running
    try {
      await this.#runtime.store.outbox.release(this.#name)
    } catch (error) {
      this.#runtime.warn(`Releasing the relay's lease: ${messageOf(error)}; it ends by itself`)
    }
  }

  async #run(): Promise<void> {
    let troubles = 0
    while (!this.#stopping.signal.aborted) {
      let pauseMs = POLL_MS
      this.#waker.clear()
      try {
        await this.#count()
        if (await this.#sendSome()) pauseMs = 0
        troubles = 0
      } catch (error) {
        pauseMs = backoffMs(++troubles, TROUBLE, this.#runtime.os.random)
        this.#runtime.warn(`Sending the outbox: ${messageOf(error)}; again in ${pauseMs} ms`)
        await sleep(this.#runtime.os.clock, pauseMs, this.#stopping.signal)
        continue
      }
      if (pauseMs > 0) await this.#waker.pause(pauseMs)
    }
  }

  async #count(): Promise<void> {
    const { store, limits, os } = this.#runtime
    if (os.clock.mono() < this.#countAt) return
    this.#runtime.waiting = await store.outbox.waiting(limits.outboxWaitingMax)
    this.#countAt = os.clock.mono() + COUNT_MS
  }

  /** One batch; true when there is more to do at once. */
  async #sendSome(): Promise<boolean> {
    const { store, transport, limits } = this.#runtime
    const limit = limits.relayBatchMax
    const claim = await store.outbox.claim({ relay: this.#name, limit, leaseMs: LEASE_MS })
    if (!claim || claim.rows.length === 0) return false
    const outcomes = await transport.publish(
      claim.rows.map((row) => outgoing(row, this.#runtime.service, row.resend)),
    )
    const alerts = await store.transaction((tx) => this.#settle(tx, claim, outcomes))
    for (const alert of alerts) this.#runtime.alert(alert)
    return claim.more
  }

  async #settle(
    tx: Tx,
    claim: { token: number; rows: readonly OutboxRow[] },
    outcomes: readonly PublishOutcome[],
  ): Promise<Alert[]> {
    const { store } = this.#runtime
    const now = await store.now()
    const parked: { row: OutboxRow; refusal: Refusal }[] = []
    const settled = claim.rows.map((row, at) => {
      const outcome = outcomes[at] ?? NO_ANSWER
      if (outcome.ok) return this.#sent(row, now)
      if (outcome.retriable && row.attempts + 1 < this.#runtime.limits.publishAttemptsMax) {
        const dueAt = now + backoffMs(row.attempts + 1, REFUSED, this.#runtime.os.random)
        this.#refusals.say(`Sending ${row.event} ${row.id}: ${outcome.cause}; it is tried again`)
        return { ref: row.ref, outcome: 'refused' as const, dueAt }
      }
      parked.push({ row, refusal: outcome })
      return { ref: row.ref, outcome: 'parked' as const }
    })
    // A relay that was taken over has nothing to say any more; the other one sends the same rows.
    if (!(await store.outbox.settle(tx, claim.token, settled))) return []
    const alerts: Alert[] = []
    for (const { row, refusal } of parked) alerts.push(await this.#park(tx, row, refusal))
    return alerts
  }

  #sent(row: OutboxRow, now: number): SendOutcome {
    if (!row.receipts) return { ref: row.ref, outcome: 'sent', resendAt: null }
    const repeats = row.resend ? row.attempts + 2 : 1
    const waitMs = receiptWaitMs(this.#runtime, row.event, repeats)
    const delayMs = row.resend ? 0 : row.delayMs
    return { ref: row.ref, outcome: 'sent', resendAt: now + delayMs + waitMs }
  }

  async #park(tx: Tx, row: OutboxRow, refusal: Refusal): Promise<Alert> {
    const { event, id, key, headers, body } = row
    const parked: NewParked = {
      kind: 'publish',
      event,
      group: '',
      id,
      key,
      headers,
      body,
      state: 'parked',
      cause: refusal.code,
      detail: causeText(refusal.cause, this.#runtime.limits),
      attempts: row.attempts + 1,
      holdsKey: false,
      nextAttemptAt: null,
    }
    const ref = await this.#runtime.store.parked.add(tx, parked)
    return {
      kind: 'publish',
      event,
      group: '',
      id,
      key,
      cause: parked.cause,
      detail: parked.detail,
      ref,
    }
  }
}

const NO_ANSWER: Refusal = {
  ok: false,
  code: 'NO_ANSWER',
  cause: 'the transport said nothing of this message',
  retriable: true,
}
