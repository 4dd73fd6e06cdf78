import { durationMs } from '../duration.ts'
import { HufuError } from '../errors.ts'
import type { Limits } from '../limits.ts'
import type { TransportFlags } from '../ports/transport.ts'
import type { ConsumeOptions, RateOptions } from './options.ts'

/** The consumer's retry policy and limits, in ms. */
export interface Policy {
  readonly max: number
  readonly firstMs: number
  readonly capMs: number
  readonly jitter: boolean
  readonly timeoutMs: number | undefined
  readonly parkKey: boolean
  /** Later messages of a key wait aside behind one that stands aside. */
  readonly keyWaits: boolean
}

/** The policy in given options, with its defaults, over a transport with these flags. */
export function policyOf(options: ConsumeOptions, what: string, flags: TransportFlags): Policy {
  const { max = 16, backoff = ['1s', '10m'], jitter = true } = options.retry ?? {}
  const parkKey = options.exhausted === 'park-key'
  if (!Number.isInteger(max) || max < 1) {
    throw new HufuError('ARGUMENT', `${what}: retry.max must be a whole number from 1, is ${max}`)
  }
  if (parkKey && options.order !== 'by-key') {
    throw new HufuError('ARGUMENT', `${what}: exhausted 'park-key' needs order 'by-key'`)
  }
  const firstMs = durationMs(backoff[0], `${what}, retry.backoff`)
  const capMs = Math.max(firstMs, durationMs(backoff[1], `${what}, retry.backoff`))
  const { timeout } = options
  const timeoutMs = timeout === undefined ? undefined : durationMs(timeout, `${what}, timeout`)
  // Over a transport that counts no attempts, what is to be retried stands aside.
  const keyWaits = parkKey || (options.order === 'by-key' && !flags.attempts)
  return { max, firstMs, capMs, jitter, timeoutMs, parkKey, keyWaits }
}

export function concurrencyOf(value: number, limits: Limits, what: string): number {
  if (Number.isInteger(value) && value >= 1 && value <= limits.concurrencyMax) return value
  const range = `a whole number from 1 to ${limits.concurrencyMax}`
  throw new HufuError('ARGUMENT', `${what}: concurrency must be ${range}, is ${value}`)
}

/** A per-key rate holds messages back key by key, so their order must be kept by key. */
export function checkRate(
  options: { rate?: RateOptions | undefined; order?: 'by-key' | undefined },
  what: string,
): void {
  if (typeof options.rate !== 'object' || options.rate.perKey === undefined) return
  if (options.order === 'by-key') return
  throw new HufuError('ARGUMENT', `${what}: a rate per key needs order 'by-key'`)
}
