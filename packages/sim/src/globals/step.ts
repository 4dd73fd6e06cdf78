/** What a definition moves. */
export interface Transfer {
  readonly from: number
  readonly to: number
  readonly cents: number
}

export const DEFINITIONS = ['transfer', 'trip', 'swap', 'pay'] as const
export type DefinitionName = (typeof DEFINITIONS)[number]

export type Verb = 'retry' | 'stop' | 'commit' | 'rollback' | 'skip'

/** `store`: at the n-th call of a store; `call`: of a participant, from now on. */
export type Place = 'store' | 'call'

export const BANKS = ['left', 'right'] as const
export type BankName = (typeof BANKS)[number]

/** What a world of global transactions does next. `host`: which of the coordinators. */
export type GlobalStep =
  | {
      readonly kind: 'begin'
      readonly id: string
      readonly definition: DefinitionName
      readonly host: number
      /** `start`: in a transaction of the caller; a message is always sent. */
      readonly way: 'begin' | 'run' | 'start'
      readonly input: Transfer
      /** The caller's transaction stays open for so long, and fails then. */
      readonly holdMs: number
      readonly fails: boolean
    }
  | {
      readonly kind: 'verb'
      readonly host: number
      readonly id: string
      readonly verb: Verb
      readonly branch: string
    }
  | {
      readonly kind: 'death'
      readonly host: number
      readonly at: Place
      readonly nth: number
      readonly when: 'before' | 'after'
      readonly downMs: number
    }
  | { readonly kind: 'kill'; readonly host: number; readonly downMs: number }
  /** In good order. */
  | {
      readonly kind: 'stop'
      readonly host: number
      readonly drainMs: number
      readonly downMs: number
    }
  | { readonly kind: 'pause'; readonly host: number; readonly ms: number }
  /** Nobody reaches this bank. */
  | { readonly kind: 'outage'; readonly bank: BankName; readonly ms: number }
  /** Of the office's database clock. */
  | { readonly kind: 'jump'; readonly ms: number }
  | { readonly kind: 'pass'; readonly ms: number }

export interface NumberedStep {
  readonly number: number
  readonly step: GlobalStep
}

/** How a world behaves; what is not a time or a number is a chance. */
export interface GlobalSetting {
  readonly hosts: number
  readonly leaseMs: number
  readonly pollMs: number
  readonly timeoutMs: number
  readonly retryMax: number
  readonly insistMax: number
  readonly deadlineMs: number
  readonly undoAfterMs: number
  readonly checkMs: number
  readonly checkMax: number
  /** Of calls: a request or its answer is lost or slow; it comes twice, or again much later. */
  readonly lost: number
  readonly slow: number
  readonly slowMs: number
  readonly twice: number
  readonly late: number
  /** Of works: refused, thrown after the effect, not done yet. */
  readonly refused: number
  readonly thrown: number
  readonly later: number
  /** Of calls of the store: failed, done and not heard, slow; commits after their error. */
  readonly storeFails: number
  readonly storeLost: number
  readonly storeSlow: number
  readonly storeEarly: number
}

export interface GlobalPlan {
  readonly seed: number
  readonly setting: GlobalSetting
  readonly steps: readonly NumberedStep[]
}

export function globalStepText({ number, step }: NumberedStep): string {
  const { kind, ...rest } = step
  return `${number} ${kind} ${JSON.stringify(rest)}`
}
