import { messageOf } from '../errors.ts'
import type { Runtime } from '../service/runtime.ts'
import type { How, Message, Postponement, Verdict, Work } from './message.ts'
import type { Run } from './run.ts'

/** What is put off for longer does not stay with the transport, ms. */
const HELD_MS = 10_000

/** A message that could not be set aside comes again after this time, ms. */
const NOT_STORED_MS = 1_000

/**
 * Work over a transport that counts no attempts. What failed, is put off for long, or may have
 * ended an earlier process is stored among the parked work and done with for the transport; it runs
 * from there, where attempts are counted before they are made.
 */
export class CountingWork<Tx> implements Work {
  readonly #runtime: Runtime<Tx>
  readonly #inner: Work
  readonly #onPostponed: (delayMs: number) => void

  /** `onPostponed`: parked work will be due in so long. */
  constructor(runtime: Runtime<Tx>, inner: Work, onPostponed: (delayMs: number) => void) {
    this.#runtime = runtime
    this.#inner = inner
    this.#onPostponed = onPostponed
  }

  async handle(message: Message, run: Run): Promise<Verdict> {
    if (message.ref !== undefined) return this.#inner.handle(message, run)
    if (message.redelivered) return this.#putAside(message, REDELIVERED, 'aside')
    const verdict = await this.#inner.handle(message, run)
    if (verdict.outcome === 'retry') {
      const { delayMs, cause: detail } = verdict
      const attempts = message.attempts + 1
      return this.#putAside(message, { attempts, cause: 'RETRY', detail, delayMs }, 'retried')
    }
    if (verdict.outcome === 'later' && verdict.delayMs > HELD_MS) {
      return this.#putAside(message, { ...LATER, delayMs: verdict.delayMs }, 'aside')
    }
    return verdict
  }

  postpone(message: Message, postponement: Postponement): Promise<void> {
    return this.#inner.postpone(message, postponement)
  }

  async #putAside(message: Message, postponement: Postponement, how: How): Promise<Verdict> {
    try {
      await this.#inner.postpone(message, postponement)
    } catch (error) {
      const { event, group, id } = message
      this.#runtime.warn(`Setting aside ${event}/${group}/${id}: ${messageOf(error)}`)
      return { outcome: 'later', delayMs: NOT_STORED_MS }
    }
    this.#onPostponed(postponement.delayMs)
    return { outcome: 'done', how }
  }
}

const REDELIVERED = {
  attempts: 0,
  cause: 'REDELIVERED',
  detail: 'it was delivered before, and nothing was said of it',
  delayMs: 0,
} as const

const LATER = { attempts: 0, cause: 'LATER', detail: 'the handler put it off' } as const
