import { HufuError } from '../errors.ts'
import { Unworkable } from '../inbox/parker.ts'
import { readPayload } from '../inbox/payload.ts'
import type { ReceiptRow } from '../ports/store.ts'
import { check } from '../schema.ts'
import type { Definition } from '../service/definition.ts'
import type { Receipt } from '../service/receipt.ts'
import type { Runtime } from '../service/runtime.ts'

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
