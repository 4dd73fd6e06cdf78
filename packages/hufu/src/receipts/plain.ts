import { Batcher } from '../batcher.ts'
import type { ReceiptRow } from '../ports/store.ts'
import type { Runtime } from '../service/runtime.ts'
import { applyReceipt } from './apply.ts'

interface Waiting {
  readonly receipt: ReceiptRow
  readonly stored: () => void
  readonly failed: (error: unknown) => void
}

/**
 * Receipts that nobody handles are stored together, all that wait in one transaction. No code of
 * the user runs in it, so there is nothing to keep apart; when it fails each is told so.
 */
export class PlainReceipts<Tx> {
  readonly #runtime: Runtime<Tx>
  readonly #batcher = new Batcher<Waiting>((batch) => this.#store(batch))

  constructor(runtime: Runtime<Tx>) {
    this.#runtime = runtime
  }

  /** Whether the event is known here and has no handler for the group's answers. */
  takes({ event, group }: ReceiptRow): boolean {
    const definition = this.#runtime.definitions.get(event)
    return definition !== undefined && !definition.receiptHandlers.has(group)
  }

  /** Resolves when the receipt is stored. */
  store(receipt: ReceiptRow): Promise<void> {
    return new Promise((stored, failed) => this.#batcher.add({ receipt, stored, failed }))
  }

  async #store(batch: readonly Waiting[]): Promise<void> {
    try {
      await this.#runtime.store.transaction(async (tx) => {
        for (const { receipt } of batch) await applyReceipt(this.#runtime, tx, receipt)
      })
      for (const { stored } of batch) stored()
    } catch (error) {
      for (const { failed } of batch) failed(error)
    }
  }
}
