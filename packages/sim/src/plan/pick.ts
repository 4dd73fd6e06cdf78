import type { SeededRandom } from '@hufu/os/simulated'

export function pick<T>(random: SeededRandom, from: readonly T[]): T {
  return from[random.below(from.length)]!
}
