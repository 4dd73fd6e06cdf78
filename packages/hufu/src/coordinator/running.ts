import { HufuError } from '../errors.ts'
import type { Call, Decision, Event } from '../kinds/kind.ts'
import type { TransactionRow } from '../ports/transactions.ts'
import { check } from '../schema.ts'
import type { AnyState, Definition } from './definition.ts'

/** A global transaction that this coordinator has in hand. */
export class Running {
  readonly row: TransactionRow
  readonly definition: Definition
  readonly headers: Readonly<Record<string, string>>
  /** Of its input and of its state as it was taken over, roughly what it takes in memory. */
  readonly bytes: number
  state: AnyState
  /** Decided, and to be made when the state is saved. */
  calls: Call[] = []
  /** The check-back is to be asked when the state is saved. */
  ask = false
  /** Calls under way, by name. */
  readonly open = new Map<string, AbortController>()
  /** The state has changed since it was last saved, or is being saved. */
  dirty = false
  /** A state of it is on its way to the store: the next one goes when that has been answered. */
  saving = false
  /** Another coordinator has it, or it is final: nothing is done any more. */
  over = false
  /** Ends the wait for `wakeAt`. */
  cancelTimer: () => void = () => undefined
  readonly #whenSaved: PromiseWithResolvers<void>[] = []

  /** `state`: that of the row, where it is at hand. */
  constructor(row: TransactionRow, definition: Definition, state?: AnyState) {
    this.row = row
    this.definition = definition
    this.bytes = row.input.length + row.state.length
    this.headers = JSON.parse(row.headers)
    this.state = state ?? JSON.parse(row.state)
  }

  get id(): string {
    return this.row.id
  }

  /** What participants get: the input as the schema gives it; each call a copy of its own. */
  input(): Promise<unknown> {
    return checkedInput(this.definition, this.row)
  }

  /** Takes an event; true when there is something to save. May throw for a person's event. */
  take(event: Event): boolean {
    const { logic, plan } = this.definition
    const decision: Decision<AnyState> = logic.decide(plan, this.state, event)
    if (decision.state === this.state && decision.calls.length === 0 && !decision.ask) return false
    this.state = decision.state
    this.calls.push(...decision.calls)
    this.ask ||= decision.ask === true
    this.dirty = true
    return true
  }

  results(): Readonly<Record<string, unknown>> {
    return this.definition.logic.results(this.definition.plan, this.state)
  }

  /** Resolves when everything decided so far is stored; rejects when it is dropped before. */
  saved(): Promise<void> {
    if (this.over) return Promise.reject(this.#notStored())
    const waiting = Promise.withResolvers<void>()
    this.#whenSaved.push(waiting)
    return waiting.promise
  }

  /** Called when a state is stored. */
  noteSaved(): void {
    if (!this.dirty) for (const { resolve } of this.#whenSaved.splice(0)) resolve()
  }

  #notStored(): HufuError {
    const text = 'this process lost hold of it before the word was stored; say it again'
    return new HufuError('CLOSED', `Deciding on transaction ${this.id}: ${text}`)
  }

  /** Nothing is heard of it any more. */
  drop(): void {
    this.over = true
    for (const { reject } of this.#whenSaved.splice(0)) reject(this.#notStored())
    this.cancelTimer()
    this.calls = []
    for (const abort of this.open.values()) abort.abort(new Error('the transaction was dropped'))
    this.open.clear()
  }
}

async function checkedInput({ schema }: Definition, row: TransactionRow): Promise<unknown> {
  const checked = await check(schema, JSON.parse(row.input))
  if ('value' in checked) return checked.value
  throw new HufuError('PAYLOAD_INVALID', `Reading the input of ${row.id}: ${checked.issues}`)
}
