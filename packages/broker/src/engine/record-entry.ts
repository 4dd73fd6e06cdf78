import type { CommitLog } from '../log/commit-log.ts'
import { bytesOf, type EntryView } from '../log/entry.ts'
import { ENTRY_HEADER_BYTES } from '../log/layout.ts'

/*
 * A record entry: changes that take effect together; aux is their count.
 *   | key length 2 | value length 4, 2^32 - 1 = deleted | key | value | × n
 * A checkpoint has the records in the same form.
 */
export const RECORD = 24

const FIXED_BYTES = 6
const DELETED = 0xffff_ffff

/** A change as it is stored; an undefined value deletes. */
export interface RecordChange {
  readonly key: Uint8Array
  readonly value: Uint8Array | undefined
}

/** Bytes of one change. */
export function changeBytes({ key, value }: RecordChange): number {
  return FIXED_BYTES + key.length + (value?.length ?? 0)
}

export function appendRecords(log: CommitLog, changes: readonly RecordChange[]): void {
  const size = changes.reduce((sum, change) => sum + changeBytes(change), 0)
  const at = log.append(RECORD, 0, changes.length, size)
  writeChanges(log.block, at, changes)
}

/** Writes them one behind the other; returns where they end. */
export function writeChanges(
  { bytes, view }: { bytes: Uint8Array; view: DataView },
  start: number,
  changes: readonly RecordChange[],
): number {
  let at = start
  for (const { key, value } of changes) {
    view.setUint16(at, key.length, true)
    view.setUint32(at + 2, value === undefined ? DELETED : value.length, true)
    bytes.set(key, at + FIXED_BYTES)
    at += FIXED_BYTES + key.length
    if (value === undefined) continue
    bytes.set(value, at)
    at += value.length
  }
  return at
}

type Visit = (key: string, value: Uint8Array | undefined) => void

export function eachRecord(entry: EntryView, visit: Visit): void {
  const end = entry.offset + entry.length
  eachChange(entry.bytes, entry.offset + ENTRY_HEADER_BYTES, end, visit)
}

/** The changes between two offsets; values are copied. */
export function eachChange(bytes: Uint8Array, start: number, end: number, visit: Visit): void {
  const { view } = bytesOf(bytes)
  for (let at = start; at < end; ) {
    const keyAt = at + FIXED_BYTES
    const valueAt = keyAt + view.getUint16(at, true)
    const length = view.getUint32(at + 2, true)
    const key = Buffer.from(bytes.subarray(keyAt, valueAt)).toString()
    at = length === DELETED ? valueAt : valueAt + length
    visit(key, length === DELETED ? undefined : new Uint8Array(bytes.subarray(valueAt, at)))
  }
}
