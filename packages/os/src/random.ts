/** Randomness. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number
  /** A new random identifier, 32 hexadecimal characters. */
  id(): string
}

/** A uniform whole number in [0, below). */
export function randomBelow(random: Random, below: number): number {
  return Math.floor(random.next() * below)
}
