/** So long a producer that stays may take to answer, ms. */
const ANSWER_MS = 10_000

/** How often somebody was asked for one transaction, seen from the producers. */
export class Askings {
  count = 0
  /** Answered with "unknown", or by an error. */
  inVain = 0
  /** When an asking came that nobody answers, virtual ms. */
  unanswered: number[] = []

  /** An asking that was still open counts for nothing when the producer goes. */
  producerLeft(elapsed: number): void {
    this.unanswered = this.unanswered.filter((at) => elapsed - at >= ANSWER_MS)
  }

  /** Those that may count by now. */
  real(elapsed: number): number {
    return this.inVain + this.unanswered.filter((at) => elapsed - at >= ANSWER_MS).length
  }
}
