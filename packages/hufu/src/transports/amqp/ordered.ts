import type { Clock } from '@hufu/os'
import type { Settlement, SubscribeRequest, TransportSubscription } from '../../ports/transport.ts'
import { inTime } from './in-time.ts'
import type { Subscription } from './subscription.ts'
import type { Turns } from './turn.ts'

/** A subscription that begins when it is its turn; until then it gets nothing. */
export class OrderedSubscription implements TransportSubscription {
  readonly #request: SubscribeRequest
  readonly #make: (request: SubscribeRequest) => Promise<Subscription>
  readonly #clock: Clock
  readonly #stopping = new AbortController()
  #credit: number
  #inner: TransportSubscription | undefined
  #running: Promise<void> = Promise.resolve()

  /** `make`: gives a subscription that is not started. */
  constructor(
    clock: Clock,
    request: SubscribeRequest,
    make: (request: SubscribeRequest) => Promise<Subscription>,
  ) {
    this.#request = request
    this.#credit = request.credit
    this.#make = make
    this.#clock = clock
  }

  start(turns: Turns, name: string): void {
    this.#running = this.#run(turns, name).catch((error) => this.#over(error))
  }

  async settle(batch: readonly Settlement[]): Promise<void> {
    await this.#inner?.settle(batch)
  }

  setCredit(credit: number): void {
    this.#credit = credit
    this.#inner?.setCredit(credit)
  }

  async close(): Promise<void> {
    this.#stopping.abort()
    await inTime(this.#clock, this.#running)
  }

  /** The turn is given back after the subscription has given back its messages. */
  async #run(turns: Turns, name: string): Promise<void> {
    const { signal } = this.#stopping
    const release = await turns.wait(name, signal)
    if (release === undefined) return
    const ended = Promise.withResolvers<void>()
    signal.addEventListener('abort', () => ended.resolve())
    try {
      const onEnd = (cause: Error) => {
        ended.resolve()
        this.#over(cause)
      }
      const inner = await this.#make({ ...this.#request, credit: this.#credit, onEnd })
      // Before it starts: what it delivers at once is settled at once.
      this.#inner = inner
      await inner.start()
      if (signal.aborted) ended.resolve()
      await ended.promise
      await inner.close()
    } finally {
      await release()
    }
  }

  #over(cause: unknown): void {
    if (this.#stopping.signal.aborted) return
    this.#stopping.abort()
    this.#request.onEnd(cause instanceof Error ? cause : new Error(String(cause)))
  }
}
