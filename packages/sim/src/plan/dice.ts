/** Chance that hangs on names, not on the order of draws: the same question, the same answer. */
export class Dice {
  readonly #seed: number

  constructor(seed: number) {
    this.#seed = seed | 0
  }

  /** In [0, 1), fixed by the seed and the words. */
  of(...words: readonly (string | number)[]): number {
    let hash = Math.imul(this.#seed ^ 0x9e37_79b9, 0x85eb_ca6b)
    for (const word of words) {
      const text = String(word)
      for (let i = 0; i < text.length; i++) {
        hash = Math.imul(hash ^ text.charCodeAt(i), 0x0100_0193)
      }
      hash = Math.imul(hash ^ (hash >>> 15), 0xc2b2_ae35)
    }
    hash = Math.imul(hash ^ (hash >>> 13), 0x85eb_ca6b)
    return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32
  }

  /** A whole number in [0, below). */
  below(below: number, ...words: readonly (string | number)[]): number {
    return Math.floor(this.of(...words) * below)
  }
}
