import { bytesOf } from '../log/entry.ts'
import { changeBytes, eachChange, type RecordChange, writeChanges } from './record-entry.ts'

/** A block of a checkpoint is handed on when it has so many bytes. */
const BLOCK_BYTES = 256 * 1024

/** Small values by key that the log keeps: a function of the log, as the queues are. */
export class RecordTable {
  readonly #values = new Map<string, Uint8Array>()
  #bytes = 0

  /** Of all keys and values together. */
  get bytes(): number {
    return this.#bytes
  }

  get size(): number {
    return this.#values.size
  }

  get(key: string): Uint8Array | undefined {
    return this.#values.get(key)
  }

  /** Those whose keys begin with `prefix`, in the order in which JavaScript sorts strings. */
  startingWith(prefix: string): [key: string, value: Uint8Array][] {
    const found = [...this.#values].filter(([key]) => key.startsWith(prefix))
    return found.sort(([a], [b]) => (a < b ? -1 : 1))
  }

  /** An undefined value deletes. */
  set(key: string, value: Uint8Array | undefined): void {
    const before = this.#values.get(key)
    if (before !== undefined) this.#bytes -= Buffer.byteLength(key) + before.length
    if (value === undefined) {
      this.#values.delete(key)
      return
    }
    this.#values.set(key, value)
    this.#bytes += Buffer.byteLength(key) + value.length
  }

  /**
   * Blocks for a checkpoint, each behind `head`. The table may change while they are taken: what
   * comes after the checkpoint's position is applied again, and the last word on a key wins.
   */
  *blocks(head: Uint8Array): Generator<Uint8Array> {
    let some: RecordChange[] = []
    let size = head.length
    for (const [key, value] of this.#values) {
      const change = { key: Buffer.from(key), value }
      some.push(change)
      size += changeBytes(change)
      if (size < BLOCK_BYTES) continue
      yield blockOf(head, some, size)
      some = []
      size = head.length
    }
    if (some.length > 0) yield blockOf(head, some, size)
  }

  /** Takes in a block of a checkpoint that has `headBytes` in front. */
  restore(block: Uint8Array, headBytes: number): void {
    eachChange(block, headBytes, block.length, (key, value) => this.set(key, value))
  }
}

function blockOf(head: Uint8Array, changes: readonly RecordChange[], size: number): Uint8Array {
  const block = bytesOf(new Uint8Array(size))
  block.bytes.set(head)
  writeChanges(block, head.length, changes)
  return block.bytes
}
