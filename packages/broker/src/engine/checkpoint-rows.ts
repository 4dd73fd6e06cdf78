import { bytesOf } from '../log/entry.ts'
import { getU64, setU64 } from '../log/layout.ts'
import type { Cause } from '../queue/history.ts'
import type { QueueRow } from '../queue/queue-row.ts'

/*
 * Rows of a checkpoint that are more than waiting, one behind the other:
 *   | id 8 | position 8 | size 4 | key 4 | due 8 | attempts 4 | state 1 | redelivered 1 | crashes 1
 *   | count of causes 1 | causes: ( at 8 | length 2 | text ) × count |
 */
const FIXED_BYTES = 40
const CAUSE_FIXED_BYTES = 10
const STATES = ['ready', 'delayed', 'parked'] as const

/** What is kept of a row; what only one life of the broker knows is left out. */
export type StoredRow = QueueRow & { state: (typeof STATES)[number] }

/** A block is handed on when it has so many bytes. */
const BLOCK_BYTES = 256 * 1024

/** About what a row with a cause or two takes. */
const ROW_BYTES = 128

/**
 * Blocks of these rows, each behind `head`; one is good until the next is asked for.
 * @param count number of rows: for a few of them no whole block of memory is taken
 */
export function* rowBlocks(
  head: Uint8Array,
  rows: Iterable<StoredRow>,
  count: number,
): Generator<Uint8Array> {
  let memory = bytesOf(new Uint8Array(Math.min(BLOCK_BYTES, head.length + count * ROW_BYTES)))
  memory.bytes.set(head)
  let at = head.length
  for (const row of rows) {
    const causes = row.history.map(({ cause }) => Buffer.from(cause))
    const size = causes.reduce((sum, { length }) => sum + CAUSE_FIXED_BYTES + length, FIXED_BYTES)
    if (at + size > memory.bytes.length) {
      if (at > head.length) yield memory.bytes.subarray(0, at)
      at = head.length
    }
    if (at + size > memory.bytes.length) {
      memory = bytesOf(new Uint8Array(at + size))
      memory.bytes.set(head)
    }
    writeRow(memory.view, at, row, causes.length)
    writeCauses(memory, at + FIXED_BYTES, row.history, causes)
    at += size
  }
  if (at > head.length) yield memory.bytes.subarray(0, at)
}

function writeRow(view: DataView, at: number, row: StoredRow, causes: number): void {
  setU64(view, at, row.id)
  setU64(view, at + 8, row.position)
  view.setUint32(at + 16, row.size, true)
  view.setUint32(at + 20, row.key, true)
  setU64(view, at + 24, row.dueAt)
  view.setUint32(at + 32, row.attempts, true)
  view.setUint8(at + 36, STATES.indexOf(row.state))
  view.setUint8(at + 37, (row.redelivered ? 1 : 0) | (row.lasting ? 2 : 0))
  view.setUint8(at + 38, Math.min(row.crashes, 255))
  view.setUint8(at + 39, causes)
}

function writeCauses(
  { bytes, view }: { bytes: Uint8Array; view: DataView },
  start: number,
  history: readonly Cause[],
  causes: readonly Uint8Array[],
): void {
  let at = start
  for (const [i, cause] of causes.entries()) {
    setU64(view, at, history[i]!.at)
    view.setUint16(at + 8, cause.length, true)
    bytes.set(cause, at + CAUSE_FIXED_BYTES)
    at += CAUSE_FIXED_BYTES + cause.length
  }
}

/** The rows of a block, from `start` on. */
export function* readRows(block: Uint8Array, start: number): Generator<StoredRow> {
  const { view } = bytesOf(block)
  for (let at = start; at < block.length; ) {
    const row = readRow(view, at)
    const count = view.getUint8(at + 39)
    at += FIXED_BYTES
    const history: Cause[] = []
    for (let i = 0; i < count; i++) {
      const end = at + CAUSE_FIXED_BYTES + view.getUint16(at + 8, true)
      const text = block.subarray(at + CAUSE_FIXED_BYTES, end)
      history.push({ at: getU64(view, at), cause: Buffer.from(text).toString() })
      at = end
    }
    row.history = history
    yield row
  }
}

function readRow(view: DataView, at: number): StoredRow {
  return {
    id: getU64(view, at),
    position: getU64(view, at + 8),
    size: view.getUint32(at + 16, true),
    key: view.getUint32(at + 20, true),
    dueAt: getU64(view, at + 24),
    priority: 0,
    attempts: view.getUint32(at + 32, true),
    state: STATES[view.getUint8(at + 36)] ?? 'parked',
    redelivered: (view.getUint8(at + 37) & 1) !== 0,
    lasting: (view.getUint8(at + 37) & 2) !== 0,
    crashes: view.getUint8(at + 38),
    history: [],
    exact: false,
    requeued: 0,
    gated: false,
    consumer: 0,
  }
}
