interface Waiting {
  readonly alone: boolean
  readonly go: () => void
}

/**
 * Lets work run side by side, or alone: what may have killed an earlier process has no neighbour
 * that would be counted as failed with it. First come, first served.
 */
export class Alone {
  #running = 0
  #taken = false
  readonly #waiting: Waiting[] = []

  /** Resolves when it may run; to be called when it has: what it resolves with. */
  enter(alone: boolean): Promise<() => void> {
    return new Promise((resolve) => {
      this.#waiting.push({ alone, go: () => resolve(() => this.#leave()) })
      this.#pump()
    })
  }

  #leave(): void {
    this.#running--
    this.#taken = false
    this.#pump()
  }

  #pump(): void {
    for (let next = this.#waiting[0]; next; next = this.#waiting[0]) {
      if (this.#taken || (next.alone && this.#running > 0)) return
      this.#waiting.shift()
      this.#running++
      this.#taken = next.alone
      next.go()
    }
  }
}
