import assert from 'node:assert/strict'
import type {
  Delivery,
  Outgoing,
  Settlement,
  Transport,
  TransportSubscription,
} from '../ports/transport.ts'

/** How long something that must come is waited for, and something that must not come, ms. */
const PATIENCE_MS = 10_000
const QUIET_MS = 80

type WithoutHandle<S> = S extends unknown ? Omit<S, 'handle'> : never
type Outcome = WithoutHandle<Settlement>

/** A message to the group `a` of the event `e`. */
export function message(id: string, more: Partial<Outgoing> = {}): Outgoing {
  const body = new TextEncoder().encode(`{"id":"${id}"}`)
  return { event: 'e', groups: ['a'], id, headers: {}, body, ...more }
}

/** A subscription that keeps what it gets. */
export class Collector {
  readonly got: Delivery[] = []
  #subscription: TransportSubscription | undefined

  async subscribe(
    transport: Transport,
    options: { group?: string; credit?: number; keyOrder?: boolean } = {},
  ): Promise<this> {
    const { group = 'a', credit = 100, keyOrder = false } = options
    this.#subscription = await transport.subscribe({
      event: 'e',
      group,
      credit,
      keyOrder,
      onDeliveries: (batch) => this.got.push(...batch),
      onEnd: () => {},
    })
    return this
  }

  /** Waits for so many deliveries in all; their ids. */
  async ids(count: number): Promise<string[]> {
    const until = performance.now() + PATIENCE_MS
    while (this.got.length < count && performance.now() < until) await pause(5)
    assert.ok(this.got.length >= count, `${this.got.length} deliveries came, not ${count}`)
    return this.got.map((delivery) => delivery.id)
  }

  /** Checks that no more than so many come. */
  async noMoreThan(count: number): Promise<void> {
    await this.ids(count)
    await pause(QUIET_MS)
    assert.equal(this.got.length, count)
  }

  settle(at: number, outcome: Outcome): Promise<void> {
    const { handle } = this.got[at]!
    return this.#subscription!.settle([{ ...outcome, handle } as Settlement])
  }

  done(...at: number[]): Promise<void> {
    const batch = at.map((n) => ({ handle: this.got[n]!.handle, outcome: 'done' as const }))
    return this.#subscription!.settle(batch)
  }

  setCredit(credit: number): void {
    this.#subscription!.setCredit(credit)
  }

  close(): Promise<void> {
    return this.#subscription!.close()
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
