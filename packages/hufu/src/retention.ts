import { sleep } from '@hufu/os'
import { durationMs } from './duration.ts'
import { HufuError, messageOf } from './errors.ts'
import type { RetentionOptions } from './options.ts'
import type { Retained } from './ports/store.ts'
import type { Runtime } from './service/runtime.ts'

const DEFAULTS = {
  journal: '30d',
  outbox: '7d',
  fence: '35d',
  parked: '30d',
  audit: '365d',
  transactions: '35d',
  barrier: '30d',
} as const

/** Rows deleted in one transaction, and the pause after it, so that nobody waits long. */
const BATCH = 500
const BREATH_MS = 20

/** Between two rounds, ms. */
const ROUND_MS = 60_000

/** The times in the options, ms, with their defaults. */
export function keepMs(options: RetentionOptions): Record<Retained, number> {
  const keep = (what: Retained) => durationMs(options[what] ?? DEFAULTS[what], `retention.${what}`)
  if (keep('transactions') < keep('barrier')) {
    const text = 'a repeated id would do nothing and end as committed'
    throw new HufuError('ARGUMENT', `Reading retention: transactions is below barrier: ${text}`)
  }
  return {
    journal: keep('journal'),
    outbox: keep('outbox'),
    fence: keep('fence'),
    parked: keep('parked'),
    audit: keep('audit'),
    transactions: keep('transactions'),
    barrier: keep('barrier'),
  }
}

/** Deletes finished rows that are old enough, a few at a time. */
export class Retention<Tx> {
  readonly #runtime: Runtime<Tx>
  readonly #keepMs: Readonly<Record<Retained, number>>
  #stopping = new AbortController()
  #running: Promise<void> | undefined

  constructor(runtime: Runtime<Tx>, keepMs: Readonly<Record<Retained, number>>) {
    this.#runtime = runtime
    this.#keepMs = keepMs
  }

  start(): void {
    this.#stopping = new AbortController()
    this.#running = this.#run()
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#running
  }

  async #run(): Promise<void> {
    const { clock } = this.#runtime.os
    while (!this.#stopping.signal.aborted) {
      try {
        await this.#round()
      } catch (error) {
        this.#runtime.warn(`Deleting old rows: ${messageOf(error)}; again in ${ROUND_MS} ms`)
      }
      await sleep(clock, ROUND_MS, this.#stopping.signal)
    }
  }

  async #round(): Promise<void> {
    const { store, os } = this.#runtime
    for (const what of Object.keys(this.#keepMs) as Retained[]) {
      for (;;) {
        const before = (await store.now()) - this.#keepMs[what]
        const gone = await store.retention.purge(what, before, BATCH)
        if (gone < BATCH || this.#stopping.signal.aborted) break
        await sleep(os.clock, BREATH_MS, this.#stopping.signal)
      }
    }
  }
}
