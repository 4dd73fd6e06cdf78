import { setTimeout as sleep } from 'node:timers/promises'
import type { Cleanup } from '../run/cleanup.ts'
import { complain } from '../run/tally.ts'
import { movesOf, openingTotal, totalOf } from './books.ts'
import { Crew, SLOW_MS } from './crew.ts'
import { Faults } from './faults.ts'
import type { BankOptions } from './options.ts'
import type { Place } from './place.ts'
import { Placing } from './placing.ts'
import { transfersOf } from './plan.ts'
import { openSite, type Site } from './site.ts'
import type { Transfer } from './transfer.ts'
import { problemsOf, type Standing } from './verdict.ts'
import { Watch } from './watch.ts'

/** After the last fault everything must be terminal within this time, ms. */
const STUCK_MS = 30_000
const LOOK_MS = 100
const SAY_EVERY_MS = 5_000
const PAGE = 1_000

export interface Outcome {
  readonly committed: number
  readonly rolledBack: number
  readonly parked: number
  readonly stuck: number
  /** That no coordinator would accept. */
  readonly unplaced: number
  readonly moneyBefore: number
  readonly moneyAfter: number
  readonly violations: number
  readonly kills: number
  readonly pauses: number
  readonly takeovers: number
  readonly secondsAfterLastFault: number
  readonly looks: number
  readonly seconds: number
  readonly problems: readonly string[]
  /** The last words of each process, by its name. */
  readonly tails: Readonly<Record<string, string>>
}

/** One whole run; `folder` is empty. Throws `CannotRunError` where there is no such server. */
export async function runBank(
  options: BankOptions,
  folder: string,
  cleanup: Cleanup,
): Promise<Outcome> {
  const site = await openSite(options.store, folder)
  const crew = new Crew(options, site, cleanup)
  try {
    return await new Run(options, site, crew).whole()
  } finally {
    await crew.end()
    await site.close()
  }
}

class Run {
  readonly #options: BankOptions
  readonly #site: Site
  readonly #crew: Crew
  readonly #transfers: readonly Transfer[]
  readonly #faults: Faults
  readonly #watch: Watch
  readonly #startedAt = performance.now()
  #saidAt = performance.now()

  constructor(options: BankOptions, site: Site, crew: Crew) {
    this.#options = options
    this.#site = site
    this.#crew = crew
    this.#transfers = transfersOf(options.seed, options.kind, options.transactions)
    this.#faults = new Faults(options, crew)
    this.#watch = new Watch(site)
  }

  async whole(): Promise<Outcome> {
    await this.#crew.start()
    this.#watch.start()
    const placing = new Placing(this.#crew, this.#transfers)
    let faultsOver = false
    const faults = this.#faults.run(placing).then(() => {
      faultsOver = true
    })
    const secondsAfter = await this.#untilAllEnded(placing, () => faultsOver)
    placing.stop()
    await faults
    // What was held up must have had no effect.
    await sleep(SLOW_MS + 1_000)
    await this.#watch.stop()
    await this.#crew.end()
    return this.#judge(secondsAfter, placing.accepted)
  }

  /** Resolves with the time from the last fault, s; at most the time after which it is stuck. */
  async #untilAllEnded(placing: Placing, faultsOver: () => boolean): Promise<number> {
    const count = this.#transfers.length
    for (;;) {
      const { running, inDoubt } = await this.#home.store.transactions.counts()
      placing.running = running
      if (this.#options.kills === 0 && placing.accepted.size < count)
        this.#faults.lastAt = performance.now()
      const sinceMs = performance.now() - this.#faults.lastAt
      const ended = placing.accepted.size === count && running + inDoubt === 0
      if (faultsOver() && (ended || sinceMs > STUCK_MS)) return sinceMs / 1_000
      this.#say(`${placing.accepted.size} of ${count} accepted, ${running} running`)
      await sleep(LOOK_MS)
    }
  }

  async #judge(secondsAfterLastFault: number, accepted: ReadonlySet<string>): Promise<Outcome> {
    const { kind, transactions } = this.#options
    const { places } = this.#site
    const standings = await standingsAt(this.#home)
    const moves = await Promise.all(places.map(movesOf))
    const totals = await Promise.all(places.map(totalOf))
    const moneyBefore = openingTotal(places.length)
    const moneyAfter = totals.reduce((sum, { total }) => sum + total, 0)
    const frozen = totals.reduce((sum, each) => sum + each.frozen, 0)
    const with_ = (...wanted: string[]) =>
      standings.filter(({ status }) => wanted.includes(status)).length
    const stuck = with_('running', 'inDoubt')
    const problems = [
      ...problemsOf({ kind, transfers: this.#transfers, accepted, standings, moves }),
      ...[...this.#watch.wrong].map(([subject, detail]) => `${subject}: ${detail}`),
      ...this.#crew.problems,
      ...(frozen === 0 || stuck > 0 ? [] : [`${frozen} are still set aside`]),
    ]
    const counts = { committed: with_('committed'), rolledBack: with_('rolledBack') }
    const open = { parked: with_('parked'), stuck, unplaced: transactions - accepted.size }
    const { kills, pauses } = this.#faults
    const seen = { kills, pauses, takeovers: this.#crew.takeovers, looks: this.#watch.looks }
    const seconds = (performance.now() - this.#startedAt) / 1_000
    const times = { secondsAfterLastFault: tenths(secondsAfterLastFault), seconds: tenths(seconds) }
    const violations = problems.length
    const found = { ...counts, ...open, moneyBefore, moneyAfter, violations, ...seen, ...times }
    const tails = Object.fromEntries(this.#crew.all.map(({ name, tail }) => [name, tail.trim()]))
    return { ...found, problems, tails }
  }

  get #home(): Place {
    return this.#site.places.at(-1)!
  }

  #say(text: string): void {
    if (performance.now() - this.#saidAt < SAY_EVERY_MS) return
    this.#saidAt = performance.now()
    const { kills, pauses } = this.#faults
    complain(`${text}, ${kills} kills, ${pauses} pauses, ${this.#watch.wrong.size} wrong`)
  }
}

async function standingsAt({ store }: Place): Promise<Standing[]> {
  const all: Standing[] = []
  for (;;) {
    const last = all.at(-1) as { createdAt: number; id: string } | undefined
    const after = last && { createdAt: last.createdAt, id: last.id }
    const page = await store.transactions.list({ limit: PAGE, ...(after && { after }) })
    all.push(...page)
    if (page.length < PAGE) return all
  }
}

function tenths(seconds: number): number {
  return Math.round(seconds * 10) / 10
}
