import type { DiskCall } from '@hufu/os/simulated'
import type { Marks } from './marks.ts'

const CHECKPOINT_HEADER_BYTES = 64

/** Tells from the disk calls alone which rare paths the broker takes. */
export class DiskWatch {
  /** Calls that a planned fault let fail. */
  faults = 0
  readonly #marks: Marks
  #starting = false

  constructor(marks: Marks) {
    this.#marks = marks
  }

  starting(): void {
    this.#starting = true
  }

  started(): void {
    this.#starting = false
  }

  sees(call: DiskCall): void {
    const { kind, path } = call
    const checkpoint = path.includes('/checkpoint-')
    if (kind === 'read' && checkpoint && this.#starting) {
      if ((call.position ?? 0) > CHECKPOINT_HEADER_BYTES) this.#marks.add('checkpointUsed')
    }
    if (this.#starting) return
    if (kind === 'rename' && !path.includes('/spare-')) this.#marks.add('segmentFreed')
    if (kind === 'remove' && path.endsWith('.seg') && !path.includes('/spare-')) {
      this.#marks.add('segmentFreed')
    }
    if (kind === 'rename' && /\/spare-[0-9a-f]+\.seg$/.test(path)) {
      this.#marks.add('segmentRecycled')
    }
  }

  /** A write into blocks that a file has never lacks room. */
  mayLackRoom({ kind, path }: DiskCall): boolean {
    return kind === 'write' && path.includes('/spare-new')
  }
}
