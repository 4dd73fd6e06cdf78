import type { RunState } from '../run/run-state.ts'

/** Between two lines where the line cannot be redrawn, ms. */
const LINE_MS = 1_000

/** Between two drawings on a terminal, ms. */
const DRAW_MS = 100

/** Anything written to: standard error as a rule. */
export interface Screen {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string): unknown
}

/** Shows how the run goes: one line redrawn on a terminal, else a line every second. */
export class ProgressLine {
  readonly #screen: Screen
  readonly #kills: number
  readonly #startedAt = performance.now()
  #shownAt = Number.NEGATIVE_INFINITY
  #drawn = false

  constructor(screen: Screen, kills: number) {
    this.#screen = screen
    this.#kills = kills
  }

  show(run: RunState): void {
    const now = performance.now()
    if (now - this.#shownAt < (this.#screen.isTTY ? DRAW_MS : LINE_MS)) return
    this.#shownAt = now
    const line = this.#line(run, (now - this.#startedAt) / 1_000)
    if (!this.#screen.isTTY) return void this.#screen.write(`${line}\n`)
    this.#screen.write(`\r\x1b[2K${line.slice(0, (this.#screen.columns ?? 80) - 1)}`)
    this.#drawn = true
  }

  /** Leaves the terminal as it was. */
  clear(): void {
    if (this.#drawn) this.#screen.write('\r\x1b[2K')
    this.#drawn = false
  }

  #line({ progress, hits, starting }: RunState, seconds: number): string {
    const { placed = 0, effects = 0, open = 0, parked = 0 } = progress ?? {}
    const parts = [
      `${seconds.toFixed(0)} s`,
      `${number(placed)} placed`,
      `${number(effects)} effects`,
      `${number(open - parked)} open`,
      `${hits.length}/${this.#kills} kills`,
    ]
    if (parked > 0) parts.push(`${parked} parked`)
    if (starting.length > 0) parts.push(`starting ${starting.join(', ')}`)
    return parts.join(' · ')
  }
}

/** With commas between the thousands. */
export function number(value: number | bigint): string {
  return value.toLocaleString('en-US')
}
