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
import { Notice } from '../service/notice.ts'
import type { Runtime } from '../service/runtime.ts'
import type { Verdict } from './message.ts'

/** A receipt that could not be handed to the transport is tried again after this time, ms. */
const NOT_SENT_MS = 1_000
const NOT_SENT = 'NOT_SENT'

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
  readonly #replies: Replies<Tx>
  readonly #refused: Notice
  readonly #onBroken: (subscription: TransportSubscription, error: unknown) => void
  readonly #batcher = new Batcher<Finished>((batch) => this.#flush(batch))

  /** `onBroken`: a subscription does not take outcomes any more. */
  constructor(
    runtime: Runtime<Tx>,
    replies: Replies<Tx>,
    onBroken: (subscription: TransportSubscription, error: unknown) => void,
  ) {
    this.#refused = new Notice(runtime)
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

  /**
   * Sends the receipts. A message whose receipt was not sent for another reason than a refusal
   * comes again, to send it again. One that is refused is settled all the same: on a full disk
   * settling is what makes room, and the producer asks again for what it misses.
   */
  async #reply(batch: Finished[]): Promise<Settlement[]> {
    const outcomes = await this.#send(batch.flatMap(({ reply }) => reply ?? []))
    let at = 0
    return batch.map(({ reply, settlement }) => {
      const outcome = reply && outcomes[at++]
      if (!outcome || outcome.ok) return settlement
      this.#refused.say(
        `Sending the receipt ${reply.id}: ${outcome.cause}; the producer asks again`,
      )
      if (outcome.code !== NOT_SENT) return settlement
      return { handle: settlement.handle, outcome: 'later', delayMs: NOT_SENT_MS }
    })
  }

  async #send(replies: Outgoing[]): Promise<PublishOutcome[]> {
    try {
      return await this.#replies.send(replies)
    } catch (error) {
      const cause = messageOf(error)
      return replies.map(() => ({ ok: false, code: NOT_SENT, cause, retriable: true }))
    }
  }
}
