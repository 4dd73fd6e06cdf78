import type { Op } from '../ports/participant.ts'
import type { Operation, Outcome } from './branch.ts'
import {
  calledAgain,
  calledAt,
  exhausted,
  givenUp,
  heard,
  isMoving,
  orphaned,
  reopened,
  skipped,
} from './branch.ts'
import type { BaseState, Call, Cause, Event, RetryPlan } from './kind.ts'

/** The operations of each branch that have begun. */
export type Branches = Readonly<Record<string, BranchOperations>>

export type BranchOperations = { readonly [O in Op]?: Operation }

/** What a kind says of its operations. */
export interface Rules {
  /** Undefined: there is no such operation. */
  retry(branch: string, op: Op): RetryPlan | undefined
  /** No further call of this operation is wanted. */
  closing(op: Op): boolean
}

/** The operations of a transaction while an event is worked in. */
export class Draft {
  readonly at: number
  readonly calls: Call[] = []
  /** Something is not as it was. */
  changed = false
  branches: Branches
  readonly #rules: Rules

  constructor(branches: Branches, at: number, rules: Rules) {
    this.branches = branches
    this.at = at
    this.#rules = rules
  }

  get(branch: string, op: Op): Operation | undefined {
    return Object.hasOwn(this.branches, branch) ? this.branches[branch]![op] : undefined
  }

  call(branch: string, op: Op): void {
    const operation = calledAgain(this.get(branch, op))
    this.#set(branch, op, operation)
    const { calls: attempt, round } = operation
    this.calls.push({ branch, op, attempt, ...(round !== undefined && { round }) })
  }

  callLater(branch: string, op: Op, dueAt: number): void {
    this.#set(branch, op, calledAt(dueAt))
  }

  /** Works in what came of a call. */
  hear(event: Outcome): void {
    const { branch, op } = event
    const operation = this.get(branch, op)
    const retry = this.#rules.retry(branch, op)
    if (operation === undefined || retry === undefined) return
    const next = heard(operation, event, retry, this.#rules.closing(op))
    if (next !== operation) this.#set(branch, op, next)
  }

  /** What was under way is called again, unless it is exhausted or not wanted any more. */
  recover(): void {
    for (const [branch, op, operation] of this.#all()) {
      const retry = this.#rules.retry(branch, op)
      if (retry === undefined || operation.state !== 'calling') continue
      this.#set(branch, op, orphaned(operation, this.at, retry, this.#rules.closing(op)))
    }
  }

  /** Calls what is due. */
  callDue(): void {
    for (const [branch, op, { dueAt }] of this.#all()) {
      if (dueAt !== undefined && dueAt <= this.at) this.call(branch, op)
    }
  }

  giveUp(branch: string, op: Op): void {
    this.#set(branch, op, givenUp(this.get(branch, op)!))
  }

  /** Nothing is called any more, and no answer is listened to. */
  giveUpAll(): void {
    for (const [branch, op, operation] of this.#all()) {
      if (operation.calls === 0) this.#forget(branch, op)
      else if (isMoving(operation)) this.giveUp(branch, op)
    }
  }

  exhaust(branch: string, op: Op, code: string, detail: string): void {
    this.#set(branch, op, exhausted(this.get(branch, op)!, code, detail))
  }

  skip(branch: string, op: Op, detail: string): void {
    this.#set(branch, op, skipped(this.get(branch, op)!, detail))
  }

  /** Calls what waits or is stuck at once, with all attempts anew; false: there is none. */
  reopen(wanted: (op: Op) => boolean): boolean {
    let found = false
    for (const [branch, op, operation] of this.#all()) {
      if (!isOpen(operation) || !wanted(op)) continue
      this.#set(branch, op, reopened(operation, this.at))
      found = true
    }
    return found
  }

  /** Calls are under way, or will be made by themselves. */
  get moving(): boolean {
    return this.#all().some(([, , operation]) => isMoving(operation))
  }

  /** When the next call is due, ms. */
  get dueAt(): number | null {
    let least: number | null = null
    for (const [, , { dueAt }] of this.#all()) {
      if (dueAt !== undefined && (least === null || dueAt < least)) least = dueAt
    }
    return least
  }

  #all(): [string, Op, Operation][] {
    const all: [string, Op, Operation][] = []
    for (const branch of Object.keys(this.branches)) {
      const operations = this.branches[branch]!
      for (const op of Object.keys(operations) as Op[]) all.push([branch, op, operations[op]!])
    }
    return all
  }

  #forget(branch: string, op: Op): void {
    const { [op]: _, ...others } = this.branches[branch]!
    this.branches = { ...this.branches, [branch]: others }
    this.changed = true
  }

  #set(branch: string, op: Op, operation: Operation): void {
    const others = Object.hasOwn(this.branches, branch) ? this.branches[branch] : undefined
    this.branches = { ...this.branches, [branch]: { ...others, [op]: operation } }
    this.changed = true
  }
}

/** Calls are under way, or will be made by themselves, or only a person moves it. */
export function isOpen(operation: Operation | undefined): boolean {
  return operation !== undefined && (isMoving(operation) || isStuck(operation))
}

/** Failed for good: only a person moves it. */
export function isStuck(operation: Operation | undefined): boolean {
  return operation?.state === 'exhausted' || operation?.state === 'refused'
}

export function causeOf(branch: string, operation: Operation): Cause {
  const { code, detail, data } = operation.error!
  return data === undefined ? { code, detail, branch } : { code, detail, branch, data }
}

/** The answer to an event that changes nothing. */
export function unchanged<State extends BaseState>(state: State): { state: State; calls: Call[] } {
  return { state, calls: [] }
}

/** Works in what all kinds hear alike; false: the event says nothing to this transaction. */
export function takeAny(draft: Draft, event: Event): boolean {
  if (isOutcome(event)) {
    draft.hear(event)
    return draft.changed
  }
  if (event.type === 'recovered') draft.recover()
  else return event.type === 'started' || event.type === 'due'
  return true
}

function isOutcome(event: Event): event is Event & Outcome {
  const { type } = event
  return type === 'succeeded' || type === 'refused' || type === 'later' || type === 'errored'
}
