import type { Timer } from '@hufu/os'
import { DueHeap } from '../schedule/due-heap.ts'
import type { Engine } from './engine.ts'
import type { EngineQueue } from './engine-queue.ts'
import type { MessageView } from './records.ts'

const NEVER = Number.POSITIVE_INFINITY

/** What is stored of a time to live: counted from when the message is due, if it is delayed. */
export function expiryOf(time: number, dueAt: number, expiresMs: number | undefined): number {
  // Rounded down: never late.
  return expiresMs === undefined ? 0 : Math.floor(Math.max(time, dueAt) + expiresMs)
}

/** From when on the message is not delivered any more: by its own time to live or the queue's. */
export function expiryIn(queue: EngineQueue, id: number, message: MessageView): number {
  const { time, dueAt, expiresAt } = message
  const own = expiresAt === 0 ? NEVER : expiresAt
  const expiresMs = queue.expiresMsOf(id)
  if (expiresMs === null) return own
  return Math.min(own, Math.floor(Math.max(time, dueAt) + expiresMs))
}

/** A time to live of 0: at once or not at all. */
export function isForNow({ time, dueAt }: MessageView, expiresAt: number): boolean {
  return expiresAt <= Math.max(time, dueAt)
}

/** Wakes queues when their first message expires; one timer for all. */
export class ExpiryTimer {
  readonly #engine: Engine
  readonly #wake: (queue: EngineQueue) => void
  readonly #heap = new DueHeap()
  #timer: Timer | undefined
  #armedFor = NEVER

  constructor(engine: Engine, wake: (queue: EngineQueue) => void) {
    this.#engine = engine
    this.#wake = wake
  }

  /** Wakes the queue at that time, or before. */
  wakeAt(queue: EngineQueue, time: number): void {
    // One that comes too early looks again: so there is one for each queue, mostly.
    if (queue.wakeAt <= time || time === NEVER) return
    queue.wakeAt = time
    this.#heap.push(time, queue.number, 0)
    this.#arm()
  }

  stop(): void {
    this.#timer?.cancel()
  }

  #arm(): void {
    const dueAt = this.#heap.peekDue()
    if (dueAt === this.#armedFor) return
    this.#timer?.cancel()
    this.#armedFor = dueAt
    if (dueAt === NEVER || this.#engine.closed) return
    const { os, time } = this.#engine
    this.#timer = os.clock.timer(Math.max(0, dueAt - time()), () => this.#fire())
  }

  #fire(): void {
    const { state, time } = this.#engine
    const heap = this.#heap
    this.#armedFor = NEVER
    while (heap.peekDue() <= time() && heap.pop()) {
      const queue = state.queues.get(heap.queue)
      if (queue?.wakeAt !== heap.dueAt) continue
      queue.wakeAt = NEVER
      this.#wake(queue)
    }
    this.#arm()
  }
}
