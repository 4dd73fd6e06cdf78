import type { Timer } from '@hufu/os'
import type { Engine } from './engine.ts'
import type { EngineQueue } from './engine-queue.ts'

/** Brings delayed rows back to their queues when their time has come; one timer for all. */
export class DueTimer {
  readonly #engine: Engine
  readonly #ready: (queue: EngineQueue) => void
  #timer: Timer | undefined
  #armedFor = Number.POSITIVE_INFINITY

  constructor(engine: Engine, ready: (queue: EngineQueue) => void) {
    this.#engine = engine
    this.#ready = ready
  }

  /** Sets the timer to the earliest row, if it is not so already. */
  arm(): void {
    const dueAt = this.#engine.state.due.peekDue()
    if (dueAt === this.#armedFor) return
    this.#timer?.cancel()
    this.#timer = undefined
    this.#armedFor = dueAt
    if (dueAt === Number.POSITIVE_INFINITY || this.#engine.closed) return
    const { os, time } = this.#engine
    this.#timer = os.clock.timer(Math.max(0, dueAt - time()), () => this.#fire())
  }

  stop(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  #fire(): void {
    const { state, time } = this.#engine
    const { due } = state
    this.#armedFor = Number.POSITIVE_INFINITY
    while (due.peekDue() <= time() && due.pop()) {
      const queue = state.queues.get(due.queue)
      if (queue?.due(due.id, due.dueAt)) this.#ready(queue)
    }
    this.arm()
  }
}
