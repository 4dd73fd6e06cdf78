import { Batcher } from '../batcher.ts'
import { messageOf } from '../errors.ts'
import type { Replies } from '../outbox/replies.ts'
import type {
  Delivery,
  Outgoing,
  PublishOutcome,
  Settlement,
  TransportSubscription,
} from '../ports/transport.ts'
import type { Runtime } from '../service/runtime.ts'
import type { Verdict } from './message.ts'

/** A receipt that the transport refuses is tried again after this time, ms. */
const REFUSED_MS = 1_000

interface Finished {
  readonly subscription: TransportSubscription
  readonly settlement: Settlement
  readonly reply: Outgoing | undefined
}

/**
 * Tells the transport what became of deliveries. Their receipts go first: a message is settled only
 * when its receipt is stored, so that a crash in between repeats the message, and with it the
 * receipt.
 */
export class Settler<Tx> {
  readonly #runtime: Runtime<Tx>
  readonly #replies: Replies<Tx>
  readonly #onBroken: (subscription: TransportSubscription, error: unknown) => void
  readonly #batcher = new Batcher<Finished>((batch) => this.#flush(batch))

  /** `onBroken`: a subscription does not take outcomes any more. */
  constructor(
    runtime: Runtime<Tx>,
    replies: Replies<Tx>,
    onBroken: (subscription: TransportSubscription, error: unknown) => void,
  ) {
    this.#runtime = runtime
    this.#replies = replies
    this.#onBroken = onBroken
  }

  add(subscription: TransportSubscription, delivery: Delivery, verdict: Verdict): void {
    if (verdict.outcome === 'stopped') return
    const { handle } = delivery
    if (verdict.outcome !== 'done') {
      return this.#batcher.add({
        subscription,
        settlement: { ...verdict, handle },
        reply: undefined,
      })
    }
    const reply = this.#replies.message(delivery, verdict.receipt)
    this.#batcher.add({ subscription, settlement: { handle, outcome: 'done' }, reply })
  }

  idle(): Promise<void> {
    return this.#batcher.idle()
  }

  async #flush(batch: Finished[]): Promise<void> {
    const settlements = await this.#reply(batch)
    for (const subscription of new Set(batch.map((finished) => finished.subscription))) {
      const own = settlements.filter((_, at) => batch[at]!.subscription === subscription)
      try {
        await subscription.settle(own)
      } catch (error) {
        this.#onBroken(subscription, error)
      }
    }
  }

  /** Sends the receipts; a message whose receipt is refused comes again, to send it again. */
  async #reply(batch: Finished[]): Promise<Settlement[]> {
    const outcomes = await this.#send(batch.flatMap(({ reply }) => reply ?? []))
    let at = 0
    return batch.map(({ reply, settlement }) => {
      const outcome = reply && outcomes[at++]
      if (!outcome || outcome.ok) return settlement
      this.#runtime.warn(`Sending the receipt ${reply.id}: ${outcome.cause}`)
      if (!outcome.retriable) return settlement
      return { handle: settlement.handle, outcome: 'later', delayMs: REFUSED_MS }
    })
  }

  async #send(replies: Outgoing[]): Promise<PublishOutcome[]> {
    try {
      return await this.#replies.send(replies)
    } catch (error) {
      const cause = messageOf(error)
      return replies.map(() => ({ ok: false, code: 'NOT_SENT', cause, retriable: true }))
    }
  }
}
