import { backoffMs } from '../backoff.ts'
import { decode, hashOf } from '../json.ts'
import type { NewOutboxRow, ReceiptRow } from '../ports/store.ts'
import type { Outgoing } from '../ports/transport.ts'
import type { Runtime } from '../service/runtime.ts'

/** The event under which receipts travel; its groups are the producing services. */
export const RECEIPTS = 'hufu.receipts'

/** The service that wants the receipts. */
export const REPLY_TO = 'hufu-reply-to'

/** Longest id a transport takes, characters. */
const ID_CHARS_MAX = 255

/** A receipt as a message to the service `replyTo`. */
export function receiptMessage(receipt: ReceiptRow, replyTo: string): Outgoing {
  const name = `${receipt.event}/${receipt.id}/${receipt.group}`
  const id = name.length <= ID_CHARS_MAX ? name : hashOf(Buffer.from(name))
  const body = Buffer.from(JSON.stringify(receipt))
  return { event: RECEIPTS, groups: [replyTo], id, headers: {}, body }
}

/** The receipt in a message; throws when it is none. */
export function readReceipt(message: Uint8Array): ReceiptRow {
  const found = decode(message) as Partial<ReceiptRow>
  const { event, id, group, outcome, body } = found
  for (const word of [event, id, group, outcome, body]) {
    if (typeof word !== 'string') throw new Error('the message is no receipt')
  }
  return { event, id, group, outcome, body } as ReceiptRow
}

const RECEIPT_TIMEOUT_MS = 600_000
const RECEIPT_TIMEOUT_MS_MAX = 86_400_000

/** How long a message waits for its receipts before it is sent for the n-th time again, ms. */
export function receiptWaitMs<Tx>(runtime: Runtime<Tx>, event: string, repeats: number): number {
  const firstMs = runtime.definitions.get(event)?.receiptTimeoutMs ?? RECEIPT_TIMEOUT_MS
  const capMs = Math.max(firstMs, RECEIPT_TIMEOUT_MS_MAX)
  return backoffMs(repeats, { firstMs, capMs, jitter: false }, runtime.os.random)
}

/** A row as a message of `service`; one that is sent again is not delayed again. */
export function outgoing(row: NewOutboxRow, service: string, again: boolean): Outgoing {
  const { event, groups, id, key, body } = row
  const headers = row.receipts ? { ...row.headers, [REPLY_TO]: service } : row.headers
  const delayMs = again ? 0 : row.delayMs
  const message: { -readonly [Name in keyof Outgoing]: Outgoing[Name] } = {
    event,
    groups,
    id,
    headers,
    body,
  }
  if (key !== null) message.key = key
  if (delayMs > 0) message.delayMs = delayMs
  return message
}
