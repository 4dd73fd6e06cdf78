import { drawGlobalPlan } from './globals/draw.ts'
import { GLOBAL_MARKS } from './globals/marks.ts'
import { globalStepText } from './globals/step.ts'
import { runGlobalWorld } from './globals/world.ts'
import { drawPlan } from './plan/draw.ts'
import { stepText } from './plan/step.ts'
import type { Violation } from './world/findings.ts'
import { MARKS } from './world/marks.ts'
import { runWorld } from './world/world.ts'

/**
 * `broker`: messages, through the broker and the library. `globals`: global transactions, on
 * several coordinators. One seed has a world of each.
 */
export const WORLDS = ['broker', 'globals'] as const
export type WorldName = (typeof WORLDS)[number]

/** What a world is, and what a long run of it must have met. */
export const MARKS_OF: Readonly<Record<WorldName, Readonly<Record<string, string>>>> = {
  broker: MARKS,
  globals: GLOBAL_MARKS,
}

export interface SeedOutcome {
  readonly violation: Violation | undefined
  readonly marks: Iterable<string>
  /** Of all that happened. */
  readonly hash: string
}

/** The steps of a seed's plan, all of them or only some, as text by their numbers. */
export function stepsOf(world: WorldName, seed: number, only?: ReadonlySet<number>) {
  const all =
    world === 'broker'
      ? drawPlan(seed).steps.map((step) => ({ number: step.number, text: stepText(step) }))
      : drawGlobalPlan(seed).steps.map((step) => ({
          number: step.number,
          text: globalStepText(step),
        }))
  return all.filter(({ number }) => only === undefined || only.has(number))
}

/** Runs a world of a seed; the same arguments give the same outcome, hash included. */
export async function runSeed(
  world: WorldName,
  seed: number,
  only?: ReadonlySet<number>,
  onTrace?: (line: string) => void,
): Promise<SeedOutcome> {
  if (world === 'globals') return runGlobalWorld(cutDown(drawGlobalPlan(seed), only), onTrace)
  const { violation, marks, hash } = await runWorld(cutDown(drawPlan(seed), only), onTrace)
  return { violation, marks: marks.seen, hash }
}

function cutDown<Plan extends { readonly steps: readonly { readonly number: number }[] }>(
  plan: Plan,
  only: ReadonlySet<number> | undefined,
): Plan {
  if (only === undefined) return plan
  return { ...plan, steps: plan.steps.filter(({ number }) => only.has(number)) }
}
