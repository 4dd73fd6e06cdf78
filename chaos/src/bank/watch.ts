import { setTimeout as sleep } from 'node:timers/promises'
import { type Looker, lookerAt } from './look.ts'
import type { Site } from './site.ts'

const EVERY_MS = 100
/** Looking takes at most this share of the time. */
const SHARE = 0.25

/** Looks at all the books, all along. */
export class Watch {
  looks = 0
  /** What was wrong at some moment, each once. */
  readonly wrong = new Map<string, string>()
  readonly #lookers: readonly Looker[]
  #stopped = false
  #running: Promise<void> | undefined

  constructor({ banks, home, places }: Site) {
    this.#lookers = [...banks, home].map((url, n) => lookerAt(url, places[n]!))
  }

  start(): void {
    this.#running = this.#run()
  }

  /** Looks a last time. */
  async stop(): Promise<void> {
    this.#stopped = true
    await this.#running
    await this.#look()
    for (const looker of this.#lookers) await looker.close()
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      const before = performance.now()
      await this.#look()
      const tookMs = performance.now() - before
      await sleep(Math.max(EVERY_MS, tookMs / SHARE) - tookMs)
    }
  }

  async #look(): Promise<void> {
    for (const [n, looker] of this.#lookers.entries()) {
      for (const { subject, detail } of await looker.look()) {
        this.wrong.set(`bank ${n}: ${subject}`, detail)
      }
    }
    this.looks++
  }
}
