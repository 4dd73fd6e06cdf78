import { AsyncLocalStorage } from 'node:async_hooks'
import type { Timer } from '@hufu/os'
import { sleep } from '@hufu/os'
import { backoffMs } from '../backoff.ts'
import { messageOf } from '../errors.ts'
import type { Replies } from '../outbox/replies.ts'
import type { Delivery, TransportSubscription } from '../ports/transport.ts'
import type { Runtime } from '../service/runtime.ts'
import { Limiter } from './limiter.ts'
import type { How, Message, Verdict, Work } from './message.ts'
import type { Consumer, ConsumerStats, RateOptions } from './options.ts'
import { checkRate, concurrencyOf } from './policy.ts'
import { Run } from './run.ts'
import { Settler } from './settler.ts'

/** A message whose key must wait longer than this goes back to the transport for the time, ms. */
const HOLD_MS = 250

/** Between attempts to subscribe again, ms. */
const RESUBSCRIBE = { firstMs: 200, capMs: 30_000, jitter: true }

export interface LoopOptions {
  readonly event: string
  readonly group: string
  readonly order: 'by-key' | undefined
  readonly concurrency: number
  readonly rate: RateOptions | undefined
}

/** A message that waits for its turn, and what is to be done with the verdict over it. */
interface Held {
  readonly message: Message
  readonly finish: (verdict: Verdict) => void
}

/** Takes deliveries of one group, runs them within its limits and hands the verdicts on. */
export class Loop<Tx> implements Consumer {
  readonly options: LoopOptions
  readonly #runtime: Runtime<Tx>
  readonly #work: Work
  readonly #settler: Settler<Tx>
  /** Handlers must not find themselves inside whatever happened to wake the consumer. */
  readonly #outside = AsyncLocalStorage.snapshot()
  readonly #limiter: Limiter
  #concurrency: number
  #held: Held[] = []
  readonly #runs = new Set<Run>()
  #subscription: TransportSubscription | undefined
  #timer: Timer | undefined
  #paused = false
  #stopping = new AbortController()
  #idle: (() => void) | undefined
  readonly #counts = { done: 0, repeated: 0, retried: 0, failed: 0, parked: 0 }

  constructor(runtime: Runtime<Tx>, options: LoopOptions, work: Work, replies: Replies<Tx>) {
    this.#runtime = runtime
    this.options = options
    this.#work = work
    this.#settler = new Settler(runtime, replies, (...broken) => this.#broken(...broken))
    checkRate(options, this.#what)
    this.#concurrency = concurrencyOf(options.concurrency, runtime.limits, this.#what)
    this.#limiter = new Limiter(runtime.os.clock, runtime.limits.rateKeysMax, options.rate)
  }

  async start(): Promise<void> {
    this.#stopping = new AbortController()
    await this.#subscribe()
  }

  /** As `start`, once `ready` is fulfilled; tries until it succeeds. */
  async startAfter(ready: Promise<void>): Promise<void> {
    try {
      await ready
      await this.start()
    } catch (error) {
      await this.#resubscribe(error)
    }
  }

  setConcurrency(handlers: number): void {
    this.#concurrency = concurrencyOf(handlers, this.#runtime.limits, this.#what)
    this.#subscription?.setCredit(this.#credit)
    this.#dispatch()
  }

  setRate(rate: RateOptions | undefined): void {
    checkRate({ ...this.options, rate }, this.#what)
    this.#limiter.set(rate)
    this.#dispatch()
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
    this.#dispatch()
  }

  stats(): ConsumerStats {
    const { event, group } = this.options
    const [running, waiting] = [this.#runs.size, this.#held.length]
    return { event, group, running, waiting, ...this.#counts, paused: this.#paused }
  }

  /** Ends what runs longer than `drainMs`; what is not settled by then is delivered again. */
  async stop(drainMs: number): Promise<void> {
    this.#stopping.abort()
    this.#timer?.cancel()
    this.#drop()
    const timer = this.#runtime.os.clock.timer(drainMs, () => {
      for (const run of this.#runs) run.stop()
    })
    await this.#quiet()
    timer.cancel()
    await this.#settler.idle()
    await this.#subscription?.close()
    this.#subscription = undefined
  }

  /** Runs parked work like any other: within rate and concurrency, counted, drained. */
  runParked(message: Message): Promise<Verdict> {
    if (this.#stopping.signal.aborted) return Promise.resolve(STOPPED)
    return new Promise((resolve) => this.#take([{ message, finish: resolve }]))
  }

  get #what(): string {
    return `Consuming ${this.options.event}/${this.options.group}`
  }

  /** As many wait here as run, so that a handler need not wait for the transport. */
  get #credit(): number {
    return this.#concurrency * 2
  }

  async #subscribe(): Promise<void> {
    const { event, group, order } = this.options
    let own: TransportSubscription | undefined
    const early: Delivery[] = []
    const take = (batch: Delivery[]) =>
      own ? this.#deliveries(own, batch) : void early.push(...batch)
    own = await this.#runtime.transport.subscribe({
      event,
      group,
      credit: this.#credit,
      keyOrder: order === 'by-key',
      onDeliveries: take,
      onEnd: (cause) => void this.#resubscribe(cause),
    })
    this.#subscription = own
    if (early.length > 0) this.#deliveries(own, early)
  }

  #drop(): void {
    const dropped = this.#held
    this.#held = []
    for (const { finish } of dropped) finish(STOPPED)
  }

  /** A subscription that takes no outcomes is given up, so that its messages come again. */
  #broken(subscription: TransportSubscription, error: unknown): void {
    if (subscription !== this.#subscription) return
    subscription.close().catch(() => {})
    void this.#resubscribe(error)
  }

  async #resubscribe(cause: unknown): Promise<void> {
    this.#drop()
    this.#subscription = undefined
    const { signal } = this.#stopping
    for (let failures = 1; !signal.aborted; failures++) {
      const pauseMs = backoffMs(failures, RESUBSCRIBE, this.#runtime.os.random)
      this.#runtime.warn(`${this.#what}: ${messageOf(cause)}; again in ${pauseMs} ms`)
      await sleep(this.#runtime.os.clock, pauseMs, signal)
      try {
        if (!signal.aborted) return await this.#subscribe()
      } catch (error) {
        cause = error
      }
    }
  }

  #deliveries(subscription: TransportSubscription, batch: Delivery[]): void {
    if (this.#stopping.signal.aborted) return
    this.#take(
      batch.map((delivery) => ({
        message: delivery,
        finish: (verdict) => this.#settler.add(subscription, delivery, verdict),
      })),
    )
  }

  #take(batch: Held[]): void {
    this.#held.push(...batch)
    this.#dispatch()
  }

  /** Starts what may start now, and sees to it that the rest is looked at in time. */
  #dispatch(): void {
    this.#timer?.cancel()
    if (this.#held.length > 0) this.#outside(() => this.#startSome())
  }

  #startSome(): void {
    while (!this.#paused && this.#runs.size < this.#concurrency && this.#held.length > 0) {
      const waitMs = this.#limiter.groupWaitMs()
      if (waitMs > 0) return this.#dispatchIn(waitMs)
      const next = this.#next()
      if (!next) return
      this.#limiter.take(next.message.key)
      void this.#finish(next)
    }
  }

  #dispatchIn(ms: number): void {
    this.#timer = this.#runtime.os.clock.timer(ms, () => this.#dispatch())
  }

  /** The first held delivery whose key may go on; those that must wait long go back. */
  #next(): Held | undefined {
    let soonestMs = Number.POSITIVE_INFINITY
    for (let at = 0; at < this.#held.length; at++) {
      const held = this.#held[at]!
      const waitMs = this.#limiter.keyWaitMs(held.message.key)
      if (waitMs > 0 && waitMs <= HOLD_MS) {
        soonestMs = Math.min(soonestMs, waitMs)
        continue
      }
      this.#held.splice(at, 1)
      if (waitMs === 0) return held
      held.finish({ outcome: 'later', delayMs: Math.ceil(waitMs) })
      at--
    }
    if (Number.isFinite(soonestMs)) this.#dispatchIn(soonestMs)
    return undefined
  }

  async #finish({ message, finish }: Held): Promise<void> {
    finish(await this.#perform(message))
    this.#dispatch()
  }

  async #perform(message: Message): Promise<Verdict> {
    const run = new Run()
    this.#runs.add(run)
    try {
      if (message.begin && !(await message.begin())) return NOT_OURS
      const verdict = await this.#work.handle(message, run)
      this.#count(verdict)
      return verdict
    } catch (error) {
      // Not even the record of a failure could be stored; the transport keeps the message.
      const pauseMs = RESUBSCRIBE.firstMs
      this.#runtime.warn(`${this.#what} ${message.id}: ${messageOf(error)}; again in ${pauseMs} ms`)
      return { outcome: 'later', delayMs: pauseMs }
    } finally {
      this.#runs.delete(run)
      if (this.#runs.size === 0) this.#idle?.()
    }
  }

  #count(verdict: Verdict): void {
    if (verdict.outcome === 'retry') this.#counts.retried++
    else if (verdict.outcome === 'done' && verdict.how !== 'aside') {
      this.#counts[COUNTED[verdict.how]]++
    }
  }

  async #quiet(): Promise<void> {
    if (this.#runs.size === 0) return
    await new Promise<void>((resolve) => {
      this.#idle = resolve
    })
  }
}

const NOT_OURS: Verdict = { outcome: 'done', how: 'aside' }

const STOPPED: Verdict = { outcome: 'stopped' }

const COUNTED = {
  handled: 'done',
  repeated: 'repeated',
  failed: 'failed',
  parked: 'parked',
  retried: 'retried',
} as const satisfies Record<Exclude<How, 'aside'>, keyof ConsumerStats>
