import { type Os, sleep } from '@hufu/os'
import { messageOf } from '../errors.ts'
import type { Store } from '../ports/store.ts'

/** Renewed so many times within its length. */
const RENEWALS = 3

/** No call is begun in the last part of a lease: the clock of this machine may run slow. */
const SAFE_SHARE = 0.9

interface LeaseParts<Tx, Foreign> {
  readonly store: Store<Tx, Foreign>
  readonly os: Os
  readonly leaseMs: number
  readonly warn: (text: string) => void
  /** Somebody may have taken over everything: what is in hand is to be dropped. */
  readonly onLost: () => void
}

/**
 * This process's place among the coordinators of a store. While its lease is renewed nobody else
 * touches its transactions; when it is lost, a new number is drawn and all begins anew.
 */
export class CoordinatorLease<Tx, Foreign> {
  /** The fencing token; 0: none held. */
  owner = 0
  readonly #parts: LeaseParts<Tx, Foreign>
  #stopping = new AbortController()
  #until = 0
  #offset = 0
  #running: Promise<void> | undefined
  /** One at a time: the later one would take the place of the earlier. */
  #registering: Promise<void> | undefined

  constructor(parts: LeaseParts<Tx, Foreign>) {
    this.#parts = parts
  }

  async begin(): Promise<void> {
    this.#stopping = new AbortController()
    await this.#register()
    this.#running = this.#renew()
  }

  async end(): Promise<void> {
    this.#stopping.abort()
    await this.#running
    await this.#registering?.catch(() => undefined)
    const { owner } = this
    this.owner = 0
    if (owner === 0) return
    try {
      await this.#parts.store.transactions.unregister(owner)
    } catch (error) {
      const text = 'its transactions are taken over when its lease ends'
      this.#parts.warn(`Ending coordinator ${owner}: ${messageOf(error)}; ${text}`)
    }
  }

  /**
   * Begins anew under another number: what the old one had, whether it knows of it or not, may be
   * claimed at once.
   */
  async anew(): Promise<void> {
    const { owner } = this
    if (owner === 0) return
    this.owner = 0
    this.#parts.onLost()
    await this.#parts.store.transactions.unregister(owner)
    if (this.owner === 0) await this.#register()
  }

  /** Whether calls may be begun: nobody can have taken over. */
  get holds(): boolean {
    return this.owner !== 0 && this.#parts.os.clock.mono() < this.#until
  }

  /** The store's time, ms, as near as this process knows it. */
  time(): number {
    return Math.round(this.#parts.os.clock.mono() + this.#offset)
  }

  #register(): Promise<void> {
    this.#registering ??= this.#draw().finally(() => {
      this.#registering = undefined
    })
    return this.#registering
  }

  async #draw(): Promise<void> {
    const { store, os, leaseMs } = this.#parts
    const begun = os.clock.mono()
    this.owner = await store.transactions.register(leaseMs)
    this.#until = begun + leaseMs * SAFE_SHARE
    await this.#setTime()
  }

  async #setTime(): Promise<void> {
    const { store, os } = this.#parts
    const before = os.clock.mono()
    const now = await store.now()
    this.#offset = now - (before + os.clock.mono()) / 2
  }

  async #renew(): Promise<void> {
    const { os, leaseMs } = this.#parts
    const { signal } = this.#stopping
    while (!signal.aborted) {
      await sleep(os.clock, leaseMs / RENEWALS, signal)
      if (signal.aborted) return
      // A database that does not answer must not keep the lease's end from being noticed.
      const patience = Math.max(leaseMs / RENEWALS, this.#until - os.clock.mono())
      await Promise.race([this.#renewOnce(), sleep(os.clock, patience, signal)])
      if (!this.holds && this.owner !== 0) this.#lose()
    }
  }

  async #renewOnce(): Promise<void> {
    const { store, os, leaseMs, warn } = this.#parts
    const { owner } = this
    try {
      if (owner === 0) return await this.#register()
      const begun = os.clock.mono()
      const renewed = await store.transactions.renew(owner, leaseMs)
      // A late answer to an earlier question.
      if (owner !== this.owner) return
      if (!renewed) return this.#lose()
      this.#until = begun + leaseMs * SAFE_SHARE
      await this.#setTime()
    } catch (error) {
      warn(`Renewing the coordinator's lease: ${messageOf(error)}; it is tried again`)
    }
  }

  #lose(): void {
    this.#parts.warn(`Coordinator ${this.owner}: its lease has ended; it begins anew`)
    this.owner = 0
    this.#parts.onLost()
  }
}
