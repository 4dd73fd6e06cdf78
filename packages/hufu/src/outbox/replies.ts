import type { ReceiptRow } from '../ports/store.ts'
import type { Outgoing, PublishOutcome } from '../ports/transport.ts'
import type { Runtime } from '../service/runtime.ts'
import { RECEIPTS, REPLY_TO, receiptMessage } from './wire.ts'

/** A message as it came: its headers say who wants the receipt. */
interface Addressed {
  readonly headers: Readonly<Record<string, string>>
}

/** Sends receipts to the services that want them. */
export class Replies<Tx> {
  readonly #runtime: Runtime<Tx>
  readonly #declared = new Set<string>()

  constructor(runtime: Runtime<Tx>) {
    this.#runtime = runtime
  }

  /** The message with the receipt; undefined when nobody wants one. */
  message(to: Addressed, receipt: ReceiptRow | undefined): Outgoing | undefined {
    const replyTo = to.headers[REPLY_TO]
    return receipt && replyTo ? receiptMessage(receipt, replyTo) : undefined
  }

  async send(messages: readonly Outgoing[]): Promise<PublishOutcome[]> {
    if (messages.length === 0) return []
    for (const service of new Set(messages.flatMap((message) => message.groups))) {
      if (this.#declared.has(service)) continue
      await this.#runtime.transport.declare(RECEIPTS, [service])
      this.#declared.add(service)
    }
    return this.#runtime.transport.publish(messages)
  }

  /** Sends one; a failure is only told, because the producer asks again for what it misses. */
  async tell(to: Addressed, receipt: ReceiptRow | undefined): Promise<void> {
    const message = this.message(to, receipt)
    if (!message) return
    try {
      const [outcome] = await this.send([message])
      if (outcome && !outcome.ok) throw new Error(outcome.cause)
    } catch (error) {
      this.#runtime.warn(`Sending the receipt ${message.id}: ${String(error)}`)
    }
  }
}
