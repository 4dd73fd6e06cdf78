import { HufuError } from '../errors.ts'
import type { Message, Verdict, Work } from '../inbox/message.ts'
import { Parker, Unworkable } from '../inbox/parker.ts'
import { readPayload } from '../inbox/payload.ts'
import type { Policy } from '../inbox/policy.ts'
import type { Run } from '../inbox/run.ts'
import { readReceipt } from '../outbox/wire.ts'
import type { ReceiptRow } from '../ports/store.ts'
import { check } from '../schema.ts'
import type { Definition } from '../service/definition.ts'
import type { Receipt } from '../service/receipt.ts'
import type { Runtime } from '../service/runtime.ts'

/** The producer's side of receipts: the answer, its handler and the closing of the row, in one. */
export class ReceiptWork<Tx> implements Work {
  readonly #runtime: Runtime<Tx>
  readonly #parker: Parker<Tx>

  constructor(runtime: Runtime<Tx>, policy: Policy) {
    this.#runtime = runtime
    this.#parker = new Parker(runtime, 'receipt', policy)
  }

  async handle(message: Message, run: Run): Promise<Verdict> {
    let named = message
    try {
      const receipt = readReceiptOrGiveUp(message.body)
      named = { ...message, event: receipt.event, group: receipt.group, id: receipt.id }
      if (await this.#parker.waits(named)) return { outcome: 'done', how: 'parked' }
      this.#parker.demandAttempt(message)
      await this.#runtime.store.transaction(async (tx) => {
        await run.guard(() => applyReceipt(this.#runtime, tx, receipt))
        await this.#resolve(tx, message)
      })
      return { outcome: 'done', how: 'handled' }
    } catch (error) {
      run.abort()
      return this.#parker.after(named, error)
    }
  }

  async #resolve(tx: Tx, { ref, attempts }: Message): Promise<void> {
    if (ref === undefined) return
    const change = { state: 'resolved', attempts, nextAttemptAt: null, resolution: 'done' } as const
    await this.#runtime.store.parked.change(tx, ref, change)
  }
}

/** Stores an answer, once, and runs its handler; what the handler throws undoes both. */
export async function applyReceipt<Tx>(
  runtime: Runtime<Tx>,
  tx: Tx,
  receipt: ReceiptRow,
): Promise<void> {
  const definition = runtime.definitions.get(receipt.event)
  if (!definition) {
    const text = 'the event is not defined in this process'
    throw new HufuError('ARGUMENT', `Taking a receipt of ${receipt.event}: ${text}`)
  }
  if (!(await runtime.store.outbox.receipt(tx, receipt))) return
  const handler = definition.receiptHandlers.get(receipt.group)
  if (!handler) return void definition.unhandled.add(receipt.group)
  const row = await runtime.store.outbox.find(tx, receipt.event, receipt.id)
  const payload = await readPayload(definition, row!.body)
  await handler(tx, await typedReceipt(definition, receipt), payload)
}

async function typedReceipt<Tx>(
  definition: Definition<Tx>,
  receipt: ReceiptRow,
): Promise<Receipt<unknown>> {
  const { group } = receipt
  const body = JSON.parse(receipt.body)
  if (receipt.outcome === 'failed') {
    return { outcome: 'failed', group, code: body.code, message: body.message, data: body.data }
  }
  const skipped = body.skipped === true
  const schema = definition.receiptSchemas[group]
  if (!schema || skipped) return { outcome: 'done', group, result: body.result, skipped }
  const checked = await check(schema, body.result)
  if ('issues' in checked) throw new Unworkable('RESULT_INVALID', checked.issues)
  return { outcome: 'done', group, result: checked.value, skipped }
}

function readReceiptOrGiveUp(body: Uint8Array): ReceiptRow {
  try {
    return readReceipt(body)
  } catch (error) {
    throw new Unworkable('PAYLOAD_INVALID', String(error))
  }
}
