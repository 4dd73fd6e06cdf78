import type { Clock } from '@hufu/os'

const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const

/**
 * A terminal sends these to the whole process group, and a process that started this one may hand
 * its own on: the same one again within this time is the same.
 */
const FROM_TERMINAL: readonly string[] = ['SIGINT', 'SIGHUP']
const SAME_MS_MAX = 200

/** Waits for the signals that stop the server. */
export class StopSignals {
  /** Resolves with the first signal. */
  readonly first: Promise<NodeJS.Signals>
  #signal: NodeJS.Signals | undefined
  #at = 0
  readonly #heard: (signal: NodeJS.Signals) => void

  /** `again` is called for every signal after the first. */
  constructor(clock: Clock, again: (signal: NodeJS.Signals) => void) {
    const first = Promise.withResolvers<NodeJS.Signals>()
    this.first = first.promise
    this.#heard = (signal) => {
      if (this.#signal !== undefined) {
        if (!this.#isSame(signal, clock.mono())) again(signal)
        return
      }
      this.#signal = signal
      this.#at = clock.mono()
      first.resolve(signal)
    }
    for (const signal of SIGNALS) process.on(signal, this.#heard)
  }

  /** A signal has come. */
  get came(): boolean {
    return this.#signal !== undefined
  }

  close(): void {
    for (const signal of SIGNALS) process.off(signal, this.#heard)
  }

  #isSame(signal: string, now: number): boolean {
    return (
      FROM_TERMINAL.includes(signal) && signal === this.#signal && now - this.#at <= SAME_MS_MAX
    )
  }
}
