import type { Death, Point } from './plan.ts'

/** Where this process ends itself, and how often it still comes there before. */
export class Doom {
  readonly #point: Point | undefined
  #passages: number

  constructor(at: Death['at']) {
    this.#point = at?.point
    this.#passages = at?.passage ?? 0
  }

  /** `kill -9` of this process, when it is the planned passage of the planned point. */
  reach(point: Point): void {
    if (point === this.#point && --this.#passages === 0) process.kill(process.pid, 'SIGKILL')
  }
}
