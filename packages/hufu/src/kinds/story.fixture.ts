import assert from 'node:assert/strict'
import type { Op } from '../ports/participant.ts'
import type { BaseState, Call, Event, Kind, RetryPlan } from './kind.ts'

/** An event without time and chance. */
export type Happening = Event extends infer E
  ? E extends Event
    ? Omit<E, 'at' | 'random'>
    : never
  : never

export const RETRY: RetryPlan = { max: 3, firstMs: 100, capMs: 1_000 }

/** A transaction told event by event; time stands still unless it is moved. */
export class Story<Plan, State extends BaseState> {
  readonly kind: Kind<Plan, State>
  readonly plan: Plan
  state: State
  at = 0
  /** 1: the longest delay of a backoff. */
  random = 1
  /** Calls of the last event, as `branch.op#attempt`. */
  calls: string[] = []
  ask = false

  constructor(kind: Kind<Plan, State>, plan: Plan) {
    this.kind = kind
    this.plan = plan
    this.state = kind.begin(plan, 0)
  }

  when(happening: Happening, at = this.at): this {
    this.at = at
    const event = { ...happening, at, random: this.random } as Event
    const decision = this.kind.decide(this.plan, this.state, event)
    // What is stored is what comes back.
    assert.deepEqual(JSON.parse(JSON.stringify(decision.state)), decision.state)
    this.state = decision.state
    this.calls = decision.calls.map(callText)
    this.ask = decision.ask === true
    return this
  }

  start(): this {
    return this.when({ type: 'started' })
  }

  ok(branch: string, op: Op, result?: unknown): this {
    return this.when({ type: 'succeeded', branch, op, ...(result !== undefined && { result }) })
  }

  refuse(branch: string, op: Op, code = 'NO'): this {
    return this.when({ type: 'refused', branch, op, code, detail: 'no' })
  }

  err(branch: string, op: Op): this {
    return this.when({ type: 'errored', branch, op, detail: 'broken' })
  }

  /** Lets it fail until no attempt is left, going along with time. */
  exhaust(branch: string, op: Op): this {
    for (let failures = 0; failures < RETRY.max; failures++) {
      if (failures > 0) this.when({ type: 'due' }, this.at + RETRY.capMs)
      this.err(branch, op)
    }
    return this
  }

  later(branch: string, op: Op, ms: number): this {
    return this.when({ type: 'later', branch, op, ms })
  }

  due(at: number): this {
    return this.when({ type: 'due' }, at)
  }

  calling(...calls: string[]): this {
    assert.deepEqual(this.calls, calls)
    return this
  }

  is(status: BaseState['status'], code?: string): this {
    assert.equal(this.state.status, status)
    assert.equal(this.state.cause?.code, code)
    return this
  }

  refuses(happening: Happening): this {
    assert.throws(() => this.when(happening), { code: 'GLOBAL_STATE' })
    return this
  }

  ignores(happening: Happening): this {
    const before = this.state
    this.when(happening)
    assert.equal(this.state, before)
    assert.deepEqual(this.calls, [])
    return this
  }
}

export function callText({ branch, op, attempt }: Call): string {
  return attempt === 1 ? `${branch}.${op}` : `${branch}.${op}#${attempt}`
}
