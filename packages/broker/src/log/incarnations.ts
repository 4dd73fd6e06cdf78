/**
 * From which position on which incarnation wrote the log; a checksum cannot be checked without it.
 */
export class Incarnations {
  readonly #starts: { from: number; incarnation: number }[]

  constructor(starts: readonly { from: number; incarnation: number }[]) {
    this.#starts = [...starts]
  }

  get current(): number {
    return this.#starts.at(-1)?.incarnation ?? 0
  }

  get starts(): readonly { from: number; incarnation: number }[] {
    return this.#starts
  }

  /** Notes that the log is written by `incarnation` from `position` on. */
  begin(position: number, incarnation: number): void {
    while ((this.#starts.at(-1)?.from ?? -1) >= position) this.#starts.pop()
    if (this.current !== incarnation) this.#starts.push({ from: position, incarnation })
  }

  at(position: number): number {
    for (let i = this.#starts.length - 1; i >= 0; i--) {
      const start = this.#starts[i]!
      if (start.from <= position) return start.incarnation
    }
    return 0
  }

  /** Forgets what lies wholly before `position`, the oldest one still in the log. */
  trim(position: number): void {
    while (this.#starts.length > 1 && this.#starts[1]!.from <= position) this.#starts.shift()
  }
}
