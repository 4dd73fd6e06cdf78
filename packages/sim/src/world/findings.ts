/** A broken promise. */
export interface Violation {
  /** The rule, in words that stay the same from seed to seed. */
  readonly rule: string
  readonly detail: string
}

/** Collects what the checkers find; the first one ends the world. */
export class Findings {
  readonly all: Violation[] = []

  get first(): Violation | undefined {
    return this.all[0]
  }

  report(rule: string, detail: string): void {
    this.all.push({ rule, detail })
  }

  check(holds: boolean, rule: string, detail: () => string): void {
    if (!holds) this.report(rule, detail())
  }
}
