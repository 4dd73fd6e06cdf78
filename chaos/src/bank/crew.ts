import { join } from 'node:path'
import type { Cleanup } from '../run/cleanup.ts'
import type { BankStart } from './bank-worker.ts'
import type { CoordinatorStart } from './coordinator-worker.ts'
import { Member } from './member.ts'
import type { BankOptions } from './options.ts'
import type { Site } from './site.ts'

const BANK = join(import.meta.dirname, 'bank-worker.ts')
const COORDINATOR = join(import.meta.dirname, 'coordinator-worker.ts')

/** Longer than a call is waited for (2.5 s). */
export const SLOW_MS = 4_000

/** All the processes of a run, and what was seen of them. */
export class Crew {
  readonly banks: readonly Member[]
  readonly coordinators: readonly Member[]
  /** Transactions that a coordinator took over from another one, or from its own former life. */
  takeovers = 0
  readonly problems: string[] = []
  readonly #starts = new Map<Member, BankStart | CoordinatorStart>()
  readonly #options: BankOptions
  readonly #site: Site
  readonly #cleanup: Cleanup

  constructor(options: BankOptions, site: Site, cleanup: Cleanup) {
    this.#options = options
    this.#site = site
    this.#cleanup = cleanup
    this.banks = site.banks.map((_, n) => this.#member(`bank ${n}`, BANK))
    this.coordinators = Array.from({ length: options.coordinators }, (_, n) =>
      this.#member(`coordinator ${n}`, COORDINATOR),
    )
  }

  get all(): readonly Member[] {
    return [...this.banks, ...this.coordinators]
  }

  async start(): Promise<void> {
    const { withoutBarrier, kind, leaseMs } = this.#options
    const starting = this.banks.map((bank, n) => {
      const naked = { withoutBarrier: withoutBarrier === n }
      return this.#begin(bank, { url: this.#site.banks[n]!, port: 0, slowMs: SLOW_MS, ...naked })
    })
    await Promise.all(starting)
    this.#demandReady()
    // Its address is known to the coordinators: it comes back at the same one.
    for (const bank of this.banks) {
      const start = this.#starts.get(bank) as BankStart
      this.#starts.set(bank, { ...start, port: bank.port! })
    }
    const banks = this.banks.map(({ port }) => `http://127.0.0.1:${port}`)
    const { home: url, folder } = this.#site
    for (const [n, coordinator] of this.coordinators.entries()) {
      const own = { folder: join(folder, `broker-${n}`), leaseMs, slowMs: SLOW_MS }
      await this.#begin(coordinator, { kind, url, banks, ...own })
    }
    this.#demandReady()
  }

  /** After a kill. */
  async again(member: Member): Promise<void> {
    await member.start(this.#starts.get(member)!)
  }

  async end(): Promise<void> {
    await Promise.all(this.all.map((member) => member.kill()))
  }

  #begin(member: Member, start: BankStart | CoordinatorStart): Promise<void> {
    this.#starts.set(member, start)
    return member.start(start)
  }

  #member(name: string, program: string): Member {
    const onWord = (word: string) => {
      const [, count] = /^claimed (\d+)$/.exec(word) ?? []
      this.takeovers += Number(count ?? 0)
    }
    const onEnd = (problem: string) => void this.problems.push(problem)
    return new Member({ name, program, cleanup: this.#cleanup, onWord, onEnd })
  }

  #demandReady(): void {
    if (this.problems.length > 0) throw new Error(`Starting: ${this.problems.join('; ')}`)
  }
}
