import type { Duration } from '../duration.ts'
import { durationMs } from '../duration.ts'
import { HufuError } from '../errors.ts'
import type { RetryPlan } from './kind.ts'

/** How a call is repeated; the delay doubles from `first` to `cap`, with jitter. */
export interface CallRetryOptions {
  /** Calls in all, at least 1. */
  readonly max?: number
  readonly first?: Duration
  readonly cap?: Duration
}

/** What holds for every branch of a definition unless the branch says otherwise. */
export interface CallOptions {
  /** Longest time of one call; then its outcome is taken for unknown. Default 10 s. */
  readonly timeout?: Duration
  /** Of calls that can still be given up: steps, tries. Default 10 calls, 200 ms to 60 s. */
  readonly retry?: CallRetryOptions
  /** Of calls that must be done in the end: undoing, confirm, cancel, tail. Default 60 calls. */
  readonly insist?: CallRetryOptions
}

export interface DecisionOptions extends CallOptions {
  /** From the beginning until it is decided; then what was done is undone. Default: none. */
  readonly deadline?: Duration
}

const RETRY: RetryPlan = { max: 10, firstMs: 200, capMs: 60_000 }
const INSIST: RetryPlan = { ...RETRY, max: 60 }
const TIMEOUT: Duration = '10s'

/** The options, in ms. */
export interface CallPlan {
  readonly timeoutMs: number
  readonly retry: RetryPlan
  readonly insist: RetryPlan
}

export function callPlan(options: CallOptions, what: string): CallPlan {
  return {
    timeoutMs: timeoutOf(options.timeout ?? TIMEOUT, what),
    retry: retryPlan(options.retry, RETRY, `${what}, retry`),
    insist: retryPlan(options.insist, INSIST, `${what}, insist`),
  }
}

/** As `defaults` where a branch says nothing else. */
export function callPlanOf(options: CallOptions, defaults: CallPlan, what: string): CallPlan {
  const { timeout, retry, insist } = options
  return {
    timeoutMs: timeout === undefined ? defaults.timeoutMs : timeoutOf(timeout, what),
    retry: retryPlan(retry, defaults.retry, `${what}, retry`),
    insist: retryPlan(insist, defaults.insist, `${what}, insist`),
  }
}

export function deadlineOf({ deadline }: DecisionOptions, what: string): number | null {
  return deadline === undefined ? null : durationMs(deadline, `${what}, deadline`)
}

function retryPlan(
  given: CallRetryOptions | undefined,
  defaults: RetryPlan,
  what: string,
): RetryPlan {
  const { max = defaults.max, first = defaults.firstMs, cap = defaults.capMs } = given ?? {}
  if (!Number.isInteger(max) || max < 1) {
    throw new HufuError('ARGUMENT', `${what}: max must be a whole number from 1, is ${max}`)
  }
  const firstMs = durationMs(first, `${what}.first`)
  return { max, firstMs, capMs: Math.max(firstMs, durationMs(cap, `${what}.cap`)) }
}

function timeoutOf(timeout: Duration, what: string): number {
  const ms = durationMs(timeout, `${what}, timeout`)
  if (ms > 0) return ms
  throw new HufuError('ARGUMENT', `${what}: timeout must be above 0`)
}
