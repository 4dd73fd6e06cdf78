import { drawPlan } from './plan/draw.ts'
import type { Plan } from './plan/step.ts'
import { type Outcome, runWorld } from './world/world.ts'

/** The plan of a seed, all of it or only some steps. */
export function planOf(seed: number, only?: ReadonlySet<number>): Plan {
  const plan = drawPlan(seed)
  if (only === undefined) return plan
  return { ...plan, steps: plan.steps.filter(({ number }) => only.has(number)) }
}

/** Runs the world of a seed; the same arguments give the same outcome, hash included. */
export function runSeed(
  seed: number,
  only?: ReadonlySet<number>,
  onTrace?: (line: string) => void,
): Promise<Outcome> {
  return runWorld(planOf(seed, only), onTrace)
}
