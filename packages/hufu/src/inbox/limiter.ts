import type { Clock } from '@hufu/os'
import { ratePerSecond } from '../duration.ts'
import type { RateOptions } from './options.ts'

/** A bucket holds what accrues in this time, and one at least: the largest burst. */
const BURST_MS = 100

/** Tokens that accrue at a rate; each handler start takes one. */
class Bucket {
  readonly perMs: number
  readonly #capacity: number
  #tokens: number
  #at: number

  constructor(perSecond: number, now: number) {
    this.perMs = perSecond / 1_000
    this.#capacity = Math.max(1, this.perMs * BURST_MS)
    this.#tokens = 1
    this.#at = now
  }

  /** Ms until there is a token; 0: now. */
  waitMs(now: number): number {
    this.#refill(now)
    return this.#tokens >= 1 ? 0 : (1 - this.#tokens) / this.perMs
  }

  take(): void {
    this.#tokens--
  }

  full(now: number): boolean {
    this.#refill(now)
    return this.#tokens >= this.#capacity
  }

  #refill(now: number): void {
    this.#tokens = Math.min(this.#capacity, this.#tokens + (now - this.#at) * this.perMs)
    this.#at = now
  }
}

/** Keeps a consumer below its rates; in any stretch of time: rate × time + one burst. */
export class Limiter {
  readonly #clock: Clock
  readonly #keysMax: number
  #group: Bucket | undefined
  #perKey: number | undefined
  #keys = new Map<string, Bucket>()

  constructor(clock: Clock, keysMax: number, rate: RateOptions | undefined) {
    this.#clock = clock
    this.#keysMax = keysMax
    this.set(rate)
  }

  set(rate: RateOptions | undefined): void {
    const both = typeof rate === 'string' ? { group: rate } : (rate ?? {})
    const group = both.group && ratePerSecond(both.group, 'rate')
    this.#perKey = both.perKey && ratePerSecond(both.perKey, 'rate per key')
    this.#group = group ? new Bucket(group, this.#clock.mono()) : undefined
    this.#keys = new Map()
  }

  /** Ms until any message may start; 0: now. */
  groupWaitMs(): number {
    return this.#group?.waitMs(this.#clock.mono()) ?? 0
  }

  /** Ms until a message of this key may start, the group's rate apart. */
  keyWaitMs(key: string | undefined): number {
    if (this.#perKey === undefined || key === undefined) return 0
    return this.#bucket(key, this.#perKey).waitMs(this.#clock.mono())
  }

  take(key: string | undefined): void {
    this.#group?.take()
    if (this.#perKey !== undefined && key !== undefined) this.#bucket(key, this.#perKey).take()
  }

  #bucket(key: string, perSecond: number): Bucket {
    const known = this.#keys.get(key)
    if (known) return known
    const now = this.#clock.mono()
    if (this.#keys.size >= this.#keysMax) this.#forget(now)
    const bucket = new Bucket(perSecond, now)
    this.#keys.set(key, bucket)
    return bucket
  }

  /** A full bucket says no more than none at all; without any, the oldest goes. */
  #forget(now: number): void {
    for (const [key, bucket] of this.#keys) if (bucket.full(now)) this.#keys.delete(key)
    if (this.#keys.size >= this.#keysMax) this.#keys.delete(this.#keys.keys().next().value!)
  }
}
