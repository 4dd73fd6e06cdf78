import { hashOf } from '../json.ts'
import { Failure } from '../outcome.ts'
import type { JournalEntry, ReceiptRow } from '../ports/store.ts'
import type { Definition } from '../service/definition.ts'
import type { Runtime } from '../service/runtime.ts'
import { contextOf } from './context.ts'
import type { Message, Postponement, Verdict, Work } from './message.ts'
import type { ConsumeContext } from './options.ts'
import { Parker, Unworkable } from './parker.ts'
import { jsonWithin, readPayload, resultText } from './payload.ts'
import type { Policy } from './policy.ts'
import type { Run } from './run.ts'

export type StrongHandler<Tx> = (tx: Tx, payload: unknown, ctx: ConsumeContext) => unknown

/** Strong idempotency: effect, journal row and result commit in one transaction, once. */
export class StrongWork<Tx> implements Work {
  readonly #runtime: Runtime<Tx>
  readonly #definition: Definition<Tx>
  readonly #handler: StrongHandler<Tx>
  readonly #policy: Policy
  readonly #parker: Parker<Tx>

  constructor(
    runtime: Runtime<Tx>,
    definition: Definition<Tx>,
    handler: StrongHandler<Tx>,
    policy: Policy,
  ) {
    this.#runtime = runtime
    this.#definition = definition
    this.#handler = handler
    this.#policy = policy
    this.#parker = new Parker(runtime, 'consume', policy)
  }

  async handle(message: Message, run: Run): Promise<Verdict> {
    const hash = hashOf(message.body)
    try {
      return await this.#attempt(message, hash, run)
    } catch (error) {
      if (error instanceof Failure) return this.#fail(message, hash, error)
      return this.#parker.after(message, error)
    }
  }

  postpone(message: Message, postponement: Postponement): Promise<void> {
    return this.#parker.postpone(message, postponement)
  }

  async #attempt(message: Message, hash: string, run: Run): Promise<Verdict> {
    const { store, limits } = this.#runtime
    const options =
      this.#policy.timeoutMs === undefined ? {} : { timeoutMs: this.#policy.timeoutMs }
    try {
      return await store.transaction(async (tx) => {
        const settled = await this.#settledBefore(tx, message, hash)
        if (settled) return settled
        this.#parker.demandAttempt(message)
        const payload = await readPayload(this.#definition, message.body)
        const ctx = contextOf(this.#runtime, message, this.#policy, run)
        const result = await run.guard(() => this.#handler(tx, payload, ctx))
        const text = await resultText(this.#definition, message.group, result, limits)
        return this.#record(tx, message, hash, 'done', text)
      }, options)
    } catch (error) {
      run.abort()
      throw error
    }
  }

  /** The answer to a repeat, or to a message whose key waits for a person. */
  async #settledBefore(tx: Tx, message: Message, hash: string): Promise<Verdict | undefined> {
    const { journal } = this.#runtime.store
    if (message.ref !== undefined && !(await this.#stillWaiting(tx, message.ref))) {
      return { outcome: 'done', how: 'repeated' }
    }
    const known = await journal.begin(tx, message)
    if (known) {
      if (known.hash !== hash) throw new Unworkable('ID_REUSED', 'the id came with another body')
      await this.#parker.resolve(tx, message, 'done')
      return { outcome: 'done', how: 'repeated', receipt: receiptOf(known) }
    }
    if (await this.#parker.waits(message, tx)) return { outcome: 'done', how: 'parked' }
    return this.#parker.behind(tx, message)
  }

  async #stillWaiting(tx: Tx, ref: number): Promise<boolean> {
    return (await this.#runtime.store.parked.get(tx, ref))?.state === 'waiting'
  }

  /** Effects are rolled back by now; the failure itself is recorded and answered. */
  async #fail(message: Message, hash: string, failure: Failure): Promise<Verdict> {
    const { code, message: words, data } = failure
    try {
      const what = `Keeping the failure of ${message.event}/${message.group}`
      const text = jsonWithin({ code, message: words, data }, this.#runtime.limits, what)
      return await this.#runtime.store.transaction(async (tx) => {
        const settled = await this.#settledBefore(tx, message, hash)
        return settled ?? this.#record(tx, message, hash, 'failed', text)
      })
    } catch (error) {
      return this.#parker.after(message, error)
    }
  }

  async #record(
    tx: Tx,
    message: Message,
    hash: string,
    outcome: 'done' | 'failed',
    result: string,
  ): Promise<Verdict> {
    const { event, group, id, key = null } = message
    const entry = { event, group, id, key, hash, outcome, result }
    await this.#runtime.store.journal.finish(tx, entry)
    await this.#parker.resolve(tx, message, outcome)
    const how = outcome === 'done' ? 'handled' : 'failed'
    return { outcome: 'done', how, receipt: receiptOf(entry) }
  }
}

/** The answer that goes back to the producer. */
export function receiptOf(entry: Omit<JournalEntry, 'at'>): ReceiptRow {
  const { event, id, group, result } = entry
  return { event, id, group, outcome: entry.outcome === 'failed' ? 'failed' : 'done', body: result }
}
