import { decode, encode, hashOf } from '../json.ts'
import type { ReceiptRow } from '../ports/store.ts'
import type { Outgoing } from '../ports/transport.ts'

/** The event under which receipts travel; its groups are the producing services. */
export const RECEIPTS = 'hufu.receipts'

/** Headers that begin so are the library's own. */
export const OWN_HEADERS = 'hufu-'

/** The service that wants the receipts. */
export const REPLY_TO = 'hufu-reply-to'

/** Longest id a transport takes, characters. */
const ID_CHARS_MAX = 255

/** A receipt as a message to the service `replyTo`. */
export function receiptMessage(receipt: ReceiptRow, replyTo: string): Outgoing {
  const name = `${receipt.event}/${receipt.id}/${receipt.group}`
  const id = name.length <= ID_CHARS_MAX ? name : hashOf(Buffer.from(name))
  const body = encode(receipt, Number.MAX_SAFE_INTEGER, 'Writing a receipt')
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
