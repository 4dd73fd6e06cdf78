import { setTimeout as sleep } from 'node:timers/promises'
import type { Crew } from './crew.ts'
import type { Member } from './member.ts'
import type { Transfer } from './transfer.ts'

const AT_A_TIME = 64
/**
 * Begun and not ended; no more are begun then. Banks that get more calls than they can answer in
 * the time of a call answer none in time.
 */
const RUNNING_MAX = 128
/** Then it is tried elsewhere. */
const ANSWER_MS = 2_000
const AGAIN_MS = 50

/** Begins the transfers: each is repeated, at any coordinator, until one has accepted it. */
export class Placing {
  /** All are accepted. */
  readonly done: Promise<void>
  readonly accepted = new Set<string>()
  /** As last heard of the coordinators' table. */
  running = 0
  readonly #crew: Crew
  readonly #transfers: readonly Transfer[]
  #next = 0
  #allowed = 0
  #turn = 0
  #stopped = false

  constructor(crew: Crew, transfers: readonly Transfer[]) {
    this.#crew = crew
    this.#transfers = transfers
    const lines = Array.from({ length: AT_A_TIME }, () => this.#line())
    this.done = Promise.all(lines).then(() => undefined)
  }

  /** So many of them may be begun. */
  allow(count: number): void {
    this.#allowed = count
  }

  /** Resolves when so many are accepted, or after `ms`. */
  async reaches(count: number, ms: number): Promise<void> {
    const until = performance.now() + ms
    while (this.accepted.size < count && performance.now() < until) await sleep(AGAIN_MS)
  }

  /** What is not accepted yet is given up. */
  stop(): void {
    this.#stopped = true
  }

  async #line(): Promise<void> {
    while (this.#next < this.#transfers.length && !this.#stopped) {
      if (this.#next < this.#allowed && this.running < RUNNING_MAX)
        await this.#place(this.#transfers[this.#next++]!)
      else await sleep(AGAIN_MS)
    }
  }

  async #place(transfer: Transfer): Promise<void> {
    const body = JSON.stringify(transfer)
    while (!this.#stopped) {
      const coordinator = this.#someCoordinator()
      if (coordinator && (await accepts(coordinator, body))) {
        this.accepted.add(transfer.id)
        return
      }
      await sleep(AGAIN_MS)
    }
  }

  /** In turn; a stopped one is not known to be so. */
  #someCoordinator(): Member | undefined {
    const up = this.#crew.coordinators.filter(({ port }) => port !== undefined)
    return up[this.#turn++ % Math.max(1, up.length)]
  }
}

async function accepts({ port }: Member, body: string): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(ANSWER_MS)
    const response = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body, signal })
    await response.arrayBuffer()
    return response.status === 204
  } catch {
    return false
  }
}
