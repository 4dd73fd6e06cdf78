import { HufuError } from '../errors.ts'
import { receiptOf } from '../inbox/strong.ts'
import { hashOf } from '../json.ts'
import type { Replies } from '../outbox/replies.ts'
import { readReceipt } from '../outbox/wire.ts'
import type { ParkedChange, ParkedRow, ReceiptRow } from '../ports/store.ts'
import { applyReceipt } from '../receipts/apply.ts'
import { checkDecision, type Decision, pageOf } from '../service/decision.ts'
import type { Runtime } from '../service/runtime.ts'
import type { Parked } from './parked.ts'

type Verb = 'retry' | 'skip' | 'discard'

const RESOLUTION = { skip: 'skipped', discard: 'discarded' } as const

/** What a person may do about parked work. */
export class ParkedVerbs<Tx> implements Parked {
  readonly #runtime: Runtime<Tx>
  readonly #replies: Replies<Tx>
  readonly #journalMs: number

  /** `journalMs`: how long the journal remembers what took effect. */
  constructor(runtime: Runtime<Tx>, replies: Replies<Tx>, journalMs: number) {
    this.#runtime = runtime
    this.#replies = replies
    this.#journalMs = journalMs
  }

  list: Parked['list'] = async (query = {}) => {
    const limit = pageOf(query.limit, this.#runtime.limits.pageMax, 'Listing parked work')
    return this.#runtime.store.parked.list({ ...query, limit })
  }

  retry = (ref: number, decision: Decision) => this.#decide('retry', ref, decision)
  skip = (ref: number, decision: Decision) => this.#decide('skip', ref, decision)
  discard = (ref: number, decision: Decision) => this.#decide('discard', ref, decision)

  async #decide(verb: Verb, ref: number, decision: Decision): Promise<void> {
    const what = `${verb} of parked work ${ref}`
    checkDecision(decision, this.#runtime.limits, what)
    const { store } = this.#runtime
    const told = await store.transaction(async (tx) => {
      const row = await store.parked.get(tx, ref)
      if (!row || row.state === 'resolved') {
        throw new HufuError('PARKED_UNKNOWN', `${what}: there is none, or it is resolved`)
      }
      const subject = `${row.kind} ${row.event}/${row.group}/${row.id}`
      const { reason, by } = decision
      await store.audit.add(tx, { action: `parked.${verb}`, subject, ref, reason, by })
      if (verb === 'retry') return this.#retry(tx, row)
      await store.parked.change(tx, ref, resolved(row, RESOLUTION[verb]))
      return { row, receipt: await this.#settle(tx, row, verb, reason) }
    })
    if (told) await this.#replies.tell(told.row, told.receipt)
  }

  async #retry(tx: Tx, row: ParkedRow): Promise<undefined> {
    const { parked, outbox } = this.#runtime.store
    if (row.kind === 'publish') {
      const message = await outbox.find(tx, row.event, row.id)
      if (message) await outbox.reopen(tx, message.ref)
      await parked.change(tx, row.ref, resolved(row, 'retried'))
      return
    }
    const nextAttemptAt = await this.#runtime.store.now()
    const { attempts } = row
    if (nextAttemptAt - row.parkedAt > this.#journalMs) {
      const text = 'it is older than the journal, so a repeat of it would not be noticed'
      this.#runtime.warn(`Retrying parked work ${row.ref}: ${text}`)
    }
    await parked.change(tx, row.ref, { state: 'waiting', attempts, nextAttemptAt })
  }

  /** Records the decision where the message's outcome is kept; gives the receipt to send. */
  async #settle(tx: Tx, row: ParkedRow, verb: 'skip' | 'discard', reason: string) {
    if (row.kind === 'publish') return this.#settlePublish(tx, row, verb, reason)
    if (row.kind === 'receipt') {
      await this.#runtime.store.outbox.receipt(tx, readReceipt(row.body))
      return undefined
    }
    const { journal } = this.#runtime.store
    // An id that was used twice has its true answer already.
    if (await journal.begin(tx, row)) return undefined
    const { event, group, id, key } = row
    const answer = answerOf(verb, reason)
    const outcome = verb === 'skip' ? 'skipped' : 'failed'
    const entry = {
      event,
      group,
      id,
      key,
      hash: hashOf(row.body),
      outcome,
      result: answer,
    } as const
    await journal.finish(tx, entry)
    return receiptOf(entry)
  }

  /** Nobody will ever get the message: each group's answer is given for it. */
  async #settlePublish(tx: Tx, row: ParkedRow, verb: 'skip' | 'discard', reason: string) {
    const { outbox } = this.#runtime.store
    const message = await outbox.find(tx, row.event, row.id)
    const outcome = verb === 'skip' ? 'done' : 'failed'
    const body = answerOf(verb, reason)
    for (const group of message?.receipts ? message.groups : []) {
      const receipt: ReceiptRow = { event: row.event, id: row.id, group, outcome, body }
      await applyReceipt(this.#runtime, tx, receipt)
    }
    if (message) await outbox.close(tx, message.ref)
    return undefined
  }
}

function answerOf(verb: 'skip' | 'discard', reason: string): string {
  return JSON.stringify(
    verb === 'skip' ? { skipped: true } : { code: 'DISCARDED', message: reason },
  )
}

function resolved(row: ParkedRow, resolution: string): ParkedChange {
  return { state: 'resolved', attempts: row.attempts, nextAttemptAt: null, resolution }
}
