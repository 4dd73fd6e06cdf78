const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const

/** What must not be left behind: processes, mounts, folders. Undone last first. */
export class Cleanup {
  readonly #undos: (() => void)[] = []

  /** `undo` must be synchronous. Calling what is returned takes it back, the thing being gone. */
  add(undo: () => void): () => void {
    this.#undos.push(undo)
    return () => {
      const at = this.#undos.indexOf(undo)
      if (at >= 0) this.#undos.splice(at, 1)
    }
  }

  runAll(): void {
    for (let undo = this.#undos.pop(); undo; undo = this.#undos.pop()) undo()
  }

  /** Also when somebody ends the process. */
  onSignals(): void {
    for (const [signal, exitCode] of Object.entries(SIGNALS)) {
      process.on(signal, () => {
        this.runAll()
        process.exit(exitCode)
      })
    }
  }
}
