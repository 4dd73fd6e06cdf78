import assert from 'node:assert/strict'
import { isFinal } from '../ports/transactions.ts'
import type { Branches } from './draft.ts'
import type { BaseState, Call, Event, Kind } from './kind.ts'
import type { Happening } from './story.fixture.ts'

/** Chance from a seed. */
export class Dice {
  #seed: number

  constructor(seed: number) {
    this.#seed = seed
  }

  /** From 0 up to 1. */
  next(): number {
    this.#seed = (this.#seed + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.#seed ^ (this.#seed >>> 15), 1 | this.#seed)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  below(limit: number): number {
    return Math.floor(this.next() * limit)
  }

  chance(of: number): boolean {
    return this.next() < of
  }

  pick<T>(of: readonly T[]): T {
    return of[this.below(of.length)]!
  }
}

export type WalkState = BaseState & { readonly branches: Branches; readonly asking?: boolean }

/**
 * What may happen to a call. `lost`: the work may be done, now or later; no answer comes. `late`:
 * an answer comes when it is given up. `told`: it comes after `later`.
 */
type Fate = 'done' | 'refused' | 'later' | 'lost' | 'late' | 'told'

const ORIGIN: Readonly<Record<string, string>> = { compensate: 'action', cancel: 'try' }

/**
 * A transaction among participants that keep the barrier's rules: an operation takes effect once,
 * and never after its undoing. Calls, answers, crashes and time are drawn by lot.
 */
export class Walk<Plan, State extends WalkState> {
  readonly dice: Dice
  readonly kind: Kind<Plan, State>
  readonly plan: Plan
  state: State
  at = 0
  asked = false
  /** `branch/op` of what is in effect, and of what was ever called. */
  readonly effects = new Set<string>()
  readonly called = new Set<string>()
  /** Calls under way, and those that nobody listens to any more. */
  readonly pending: Call[] = []
  readonly strays: Call[] = []
  /** How many calls do not simply succeed. */
  trouble = 0.4
  /** Looks at each call before it is made. */
  onCall: (call: Call) => void = () => undefined
  /** Looks at what came of each event. */
  onTold: (before: State, after: State) => void = () => undefined
  /** Where a stray call may not arrive late: it has no undoing that would catch it. */
  noStrays: (call: Call) => boolean = () => false
  /** An undoing that came first. */
  readonly #barred = new Set<string>()

  constructor(kind: Kind<Plan, State>, plan: Plan, seed: number) {
    this.dice = new Dice(seed)
    this.kind = kind
    this.plan = plan
    this.state = kind.begin(plan, 0)
  }

  tell(happening: Happening): void {
    const event = { ...happening, at: this.at, random: this.dice.next() } as Event
    const before = this.state
    const { state, calls, ask } = this.kind.decide(this.plan, before, event)
    this.state = state
    if (isFinal(before.status)) assert.equal(state, before)
    for (const call of calls) {
      this.onCall(call)
      this.called.add(key(call))
      this.pending.push(call)
    }
    if (ask === true) this.asked = true
    this.#checkRest()
    this.onTold(before, state)
  }

  /** One thing happens: an answer, a stray call, a crash, or time. */
  step(): void {
    const lot = this.dice.next()
    if (lot < 0.05) this.crash()
    else if (lot < 0.12 && this.strays.length > 0) this.#arrive(this.#take(this.strays))
    else if (this.pending.length > 0) this.answer(this.#take(this.pending), this.#fate())
    else this.wait()
  }

  crash(): void {
    for (const call of this.pending.splice(0)) this.#lose(call)
    this.asked = false
    this.tell({ type: 'recovered' })
    this.wait()
  }

  /** Time goes on to what is due, and sometimes beyond. */
  wait(): void {
    const { wakeAt } = this.state
    if (wakeAt !== null) this.at = Math.max(this.at, wakeAt)
    if (this.dice.chance(0.1)) this.at += this.dice.below(2_000)
    this.tell({ type: 'due' })
  }

  answer(call: Call, fate: Fate): void {
    const { branch, op, attempt } = call
    const ref = { branch, op, attempt }
    if (fate === 'told') {
      this.tell({ type: 'later', ...ref, ms: 500 })
      return this.answer(call, this.dice.pick(['done', 'refused']))
    }
    if (fate === 'later') return this.tell({ type: 'later', ...ref, ms: 1 + this.dice.below(300) })
    // Who has done it already says so again.
    if (fate === 'refused' && !this.effects.has(key(call))) {
      return this.tell({ type: 'refused', ...ref, code: 'NO', detail: 'no' })
    }
    if (fate === 'lost') {
      this.#lose(call)
      return this.tell({ type: 'errored', ...ref, detail: 'lost' })
    }
    if (fate === 'late') this.tell({ type: 'errored', ...ref, detail: 'slow' })
    this.#arrive(call)
    this.tell({ type: 'succeeded', ...ref })
  }

  /** Everything succeeds from now on, and a person retries what is stuck: it must end. */
  finish(help: () => void): void {
    for (let turns = 0; !isFinal(this.state.status); turns++) {
      assert.ok(turns < 1_000, `it does not end: ${JSON.stringify(this.state)}`)
      const { status } = this.state
      if (this.pending.length > 0) this.answer(this.pending.shift()!, 'done')
      else if (status !== 'running') this.tell({ type: 'retry' })
      else help()
    }
  }

  operation(name: string, op: Call['op']) {
    return Object.hasOwn(this.state.branches, name) ? this.state.branches[name]![op] : undefined
  }

  #fate(): Fate {
    if (!this.dice.chance(this.trouble)) return 'done'
    const lot = this.dice.next()
    if (lot < 0.25) return 'refused'
    if (lot < 0.35) return 'later'
    if (lot < 0.45) return 'told'
    return lot < 0.8 ? 'lost' : 'late'
  }

  #lose(call: Call): void {
    if (this.dice.chance(0.5)) this.#arrive(call)
    else if (!this.noStrays(call)) this.strays.push(call)
  }

  /** The participant gets the call. */
  #arrive(call: Call): void {
    const name = key(call)
    const origin = ORIGIN[call.op]
    if (origin !== undefined) {
      this.effects.delete(`${call.branch}/${origin}`)
      this.#barred.add(`${call.branch}/${origin}`)
    }
    if (!this.#barred.has(name)) this.effects.add(name)
  }

  #take(calls: Call[]): Call {
    return calls.splice(this.dice.below(calls.length), 1)[0]!
  }

  /** At rest nothing is under way; what runs has something to wait for. */
  #checkRest(): void {
    const { status, wakeAt, branches } = this.state
    const states = Object.values(branches).flatMap((ops) => Object.values(ops).map((o) => o.state))
    const moving = states.some((state) => /calling|retrying|waiting/.test(state))
    if (status === 'running') {
      assert.ok(states.includes('calling') || wakeAt !== null || this.state.asking === true)
    } else {
      assert.ok(!moving && wakeAt === null, `${status} with open calls`)
    }
  }
}

function key({ branch, op }: Call): string {
  return `${branch}/${op}`
}
