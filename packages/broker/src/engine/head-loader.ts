import type { QueueRow } from '../queue/queue-row.ts'
import { type Engine, READ_RETRIES_MS } from './engine.ts'
import type { EngineQueue } from './engine-queue.ts'
import { appendReturns } from './records.ts'

/** Why a message is parked that cannot be delivered. */
export const BAD_BYTES = 'its bytes on disk fail their checksum'

/** Somebody consumes from it, or it is looked after without that. */
export function isServed(queue: EngineQueue): boolean {
  return queue.consumers > 0 || queue.tended
}

/** Reads the next message of a queue from the disk. */
export class HeadLoader {
  readonly #engine: Engine
  readonly #schedule: (queue: EngineQueue) => void

  constructor(engine: Engine, schedule: (queue: EngineQueue) => void) {
    this.#engine = engine
    this.#schedule = schedule
  }

  /** Brings the head's bytes into memory; meanwhile nothing of this queue is delivered. */
  load(queue: EngineQueue, position: number, size: number, tries = 0): void {
    queue.loading = true
    const { reader, os } = this.#engine
    reader.load(position, size).then(
      () => this.#loaded(queue),
      (error) => {
        // Parked for an error that passes, it would let the next one of its key pass.
        const wait = READ_RETRIES_MS[tries]
        if (wait === undefined) return this.#unreadable(queue, position, error)
        os.clock.timer(wait, () => this.#loadAgain(queue, position, tries + 1))
      },
    )
  }

  #loaded(queue: EngineQueue): void {
    queue.loading = false
    this.#schedule(queue)
  }

  #loadAgain(queue: EngineQueue, position: number, tries: number): void {
    const head = queue.head()
    const over = this.#engine.closed || !isServed(queue)
    // Somebody may have settled or moved it meanwhile.
    if (over || head?.position !== position) this.#loaded(queue)
    else this.load(queue, position, head.size, tries)
  }

  #unreadable(queue: EngineQueue, position: number, error: unknown): void {
    queue.loading = false
    if (this.#engine.closed) return
    if (this.#engine.log.failure !== undefined) return this.#schedule(queue)
    const head = queue.head()
    if (head?.position === position) {
      const row = queue.take(head, 'settling')
      this.parkDamaged(queue, row, `its bytes cannot be read: ${String(error)}`)
    }
    this.#schedule(queue)
  }

  parkDamaged(queue: EngineQueue, row: QueueRow, cause: string): void {
    this.#engine.warn(`Message ${row.id} of queue ${queue.name} is parked: ${cause}`)
    const { id, attempts } = row
    appendReturns(this.#engine.log, queue.number, [
      { id, state: 'parked', attempts, dueAt: 0, cause },
    ])
  }
}
