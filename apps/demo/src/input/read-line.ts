import { isUtf8 } from 'node:buffer'
import type { Line } from './line-splitter.ts'
import { LINE_BYTES_MAX } from './line-splitter.ts'
import type { Order } from './order.ts'
import { readOrder } from './order.ts'

/** What a line says: nothing, an order, or why it is refused. */
export type Reading =
  | { readonly kind: 'empty' }
  | { readonly kind: 'order'; readonly order: Order }
  | { readonly kind: 'bad'; readonly reason: string }

const CR = 0x0d
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf])

/** Reads one line of the input. A byte order mark before the first line and CRLF are accepted. */
export function readLine(line: Line): Reading {
  const bytes = bare(line)
  if (bytes.length === 0) return { kind: 'empty' }
  if (bytes.length > LINE_BYTES_MAX) return bad(`longer than ${LINE_BYTES_MAX} bytes`)
  if (!isUtf8(bytes)) return bad('not valid UTF-8')
  let value: unknown
  try {
    value = JSON.parse(bytes.toString('utf8'))
  } catch {
    return bad('not valid JSON')
  }
  const order = readOrder(value)
  return typeof order === 'string' ? bad(order) : { kind: 'order', order }
}

function bare({ number, bytes }: Line): Buffer {
  const marked = number === 1 && bytes.subarray(0, 3).equals(BYTE_ORDER_MARK)
  const start = marked ? BYTE_ORDER_MARK.length : 0
  const end = bytes.at(-1) === CR ? bytes.length - 1 : bytes.length
  return bytes.subarray(start, end)
}

function bad(reason: string): Reading {
  return { kind: 'bad', reason }
}
