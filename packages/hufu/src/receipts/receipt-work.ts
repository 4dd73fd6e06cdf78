import type { Message, Postponement, Verdict, Work } from '../inbox/message.ts'
import { Parker, Unworkable } from '../inbox/parker.ts'
import type { Policy } from '../inbox/policy.ts'
import type { Run } from '../inbox/run.ts'
import { readReceipt } from '../outbox/wire.ts'
import type { ReceiptRow } from '../ports/store.ts'
import type { Runtime } from '../service/runtime.ts'
import { applyReceipt } from './apply.ts'
import { PlainReceipts } from './plain.ts'

/** The producer's side of receipts: the answer, its handler and the closing of the row, in one. */
export class ReceiptWork<Tx> implements Work {
  readonly #runtime: Runtime<Tx>
  readonly #parker: Parker<Tx>
  readonly #plain: PlainReceipts<Tx>

  constructor(runtime: Runtime<Tx>, policy: Policy) {
    this.#runtime = runtime
    this.#parker = new Parker(runtime, 'receipt', policy)
    this.#plain = new PlainReceipts(runtime)
  }

  async handle(message: Message, run: Run): Promise<Verdict> {
    let named = message
    try {
      const receipt = readReceiptOrGiveUp(message.body)
      named = { ...message, event: receipt.event, group: receipt.group, id: receipt.id }
      if (isFirst(message) && this.#plain.takes(receipt) && (await this.#storePlain(receipt))) {
        return { outcome: 'done', how: 'handled' }
      }
      if (await this.#parker.waits(named)) return { outcome: 'done', how: 'parked' }
      this.#parker.demandAttempt(message)
      await this.#runtime.store.transaction(async (tx) => {
        await run.guard(() => applyReceipt(this.#runtime, tx, receipt))
        await this.#parker.resolve(tx, message, 'done')
      })
      return { outcome: 'done', how: 'handled' }
    } catch (error) {
      run.abort()
      return this.#parker.after(named, error)
    }
  }

  async postpone(message: Message, postponement: Postponement): Promise<void> {
    await this.#parker.postpone(namedBy(message), postponement)
  }

  /** False when it did not work: then it is tried alone. */
  async #storePlain(receipt: ReceiptRow): Promise<boolean> {
    try {
      await this.#plain.store(receipt)
      return true
    } catch {
      return false
    }
  }
}

/** As what it answers: so it is listed, and found again. One that cannot be read, as itself. */
function namedBy(message: Message): Message {
  try {
    const { event, group, id } = readReceipt(message.body)
    return { ...message, event, group, id }
  } catch {
    return message
  }
}

/** Nothing has gone wrong with it yet. */
function isFirst({ attempts, ref }: Message): boolean {
  return attempts === 0 && ref === undefined
}

function readReceiptOrGiveUp(body: Uint8Array): ReceiptRow {
  try {
    return readReceipt(body)
  } catch (error) {
    throw new Unworkable('PAYLOAD_INVALID', String(error))
  }
}
