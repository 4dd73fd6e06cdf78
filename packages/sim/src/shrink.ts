import { runSeed, stepsOf, type WorldName } from './run.ts'

/** Worlds run at most to cut one down. */
const TRIES_MAX = 400

/**
 * The numbers of as few steps of the plan as still break the same promise. Pieces of the plan are
 * left out, half of it first, then ever smaller ones.
 */
export async function shrink(world: WorldName, seed: number, rule: string): Promise<number[]> {
  let steps = stepsOf(world, seed).map(({ number }) => number)
  let tries = 0
  for (let piece = steps.length >> 1; piece >= 1; piece = Math.floor(piece / 2)) {
    for (let from = 0; from < steps.length && tries < TRIES_MAX; ) {
      const rest = [...steps.slice(0, from), ...steps.slice(from + piece)]
      tries++
      const { violation } = await runSeed(world, seed, new Set(rest))
      if (violation?.rule === rule) steps = rest
      else from += piece
    }
  }
  return steps
}
