import type { Random } from '../random.ts'

/**
 * A seeded generator (four 32-bit words, the "small fast counting" scheme). The same seed gives the
 * same numbers on every machine. Not for secrets.
 */
export class SeededRandom implements Random {
  readonly #origin: Uint32Array
  readonly #state: Uint32Array

  /** `seed`: a safe integer, or words made by `fork`. */
  constructor(seed: number | Uint32Array) {
    this.#origin = typeof seed === 'number' ? wordsOf(seed) : seed
    this.#state = this.#origin.slice()
    for (let warmUp = 0; warmUp < 12; warmUp++) this.word()
  }

  next(): number {
    return this.word() / 2 ** 32
  }

  id(): string {
    let id = ''
    for (let word = 0; word < 4; word++) id += this.word().toString(16).padStart(8, '0')
    return id
  }

  /** A uniform whole number in [0, 2^32). */
  word(): number {
    const state = this.#state
    const b = state[1]!
    const c = state[2]!
    const count = state[3]!
    const result = (state[0]! + b + count) >>> 0
    state[0] = b ^ (b >>> 9)
    state[1] = c + (c << 3)
    state[2] = ((c << 21) | (c >>> 11)) + result
    state[3] = count + 1
    return result
  }

  /** A uniform whole number in [0, below). */
  below(below: number): number {
    return Math.floor(this.next() * below)
  }

  /** True with the given probability. */
  chance(probability: number): boolean {
    return this.next() < probability
  }

  /**
   * A generator of its own for one part. It depends on the seed and the label alone, so that an
   * extra draw in one part does not shift another; the same label gives the same numbers again.
   */
  fork(label: string): SeededRandom {
    const words = this.#origin.slice()
    for (let index = 0; index < label.length; index++) {
      const at = index % 4
      words[at] = mixed(words[at]! ^ label.charCodeAt(index))
      words[(at + 1) % 4] = words[(at + 1) % 4]! + words[at]!
    }
    return new SeededRandom(words.map(mixed))
  }
}

function wordsOf(seed: number): Uint32Array {
  if (!Number.isSafeInteger(seed)) throw new RangeError(`Cannot seed: ${seed} is no safe integer`)
  const low = mixed(seed >>> 0)
  const high = mixed((Math.floor(seed / 2 ** 32) >>> 0) ^ low)
  return Uint32Array.of(low, high, mixed(low ^ 0x9e3779b9), 1)
}

/** Spreads every bit of a 32-bit word over all others. */
function mixed(word: number): number {
  let bits = word + 0x9e3779b9
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b)
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35)
  return (bits ^ (bits >>> 16)) >>> 0
}
