/** A problem's text is kept for so many; the others are counted. */
const PROBLEMS_KEPT = 20

/** Work that waits for a person. */
export interface ParkedWork {
  readonly service: string
  readonly id: string
  readonly cause: string
  readonly detail: string
  readonly attempts: number
}

/** What the checker found. */
export class Findings {
  /** Non-empty lines of the input; `placed`, `repeated` and `rejected` as the database says. */
  orders = 0
  placed = 0
  repeated = 0
  rejected = 0
  /** Effects that should be there and are not, parked ones apart. */
  lost = 0
  /** Effects beyond the first of an order. */
  duplicated = 0
  /** Pairs of one user's orders whose points were added against their commit order. */
  outOfOrder = 0
  /** Orders that somebody has neither answered nor parked. */
  openReceipts = 0
  /** Work that gave up and waits for a person. */
  parked = 0
  /** All else that does not fit: wrong counts, sums, contents, effects without an order. */
  wrong = 0
  readonly problems: string[] = []
  readonly parkedWork: ParkedWork[] = []
  readonly rejections: { line: number; reason: string }[] = []
  readonly effects = { points: 0, sms: 0, couponsUsed: 0, couponsRefused: 0 }
  pointsSum = 0n
  /** Half messages for which the broker had to ask, by what it was told. */
  readonly asked = { commit: 0, rollback: 0 }
  /** Messages that the broker still holds, its parked ones apart. */
  held = 0

  get consistent(): boolean {
    const { lost, duplicated, outOfOrder, openReceipts, wrong } = this
    return lost + duplicated + outOfOrder + openReceipts + wrong === 0
  }

  /** Counts `by` of a kind of problem, and keeps its text. */
  add(kind: 'lost' | 'duplicated' | 'outOfOrder' | 'openReceipts' | 'wrong', text: string, by = 1) {
    this[kind] += by
    if (this.problems.length < PROBLEMS_KEPT) this.problems.push(text)
  }
}
