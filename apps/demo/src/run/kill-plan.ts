import { SeededRandom } from '@hufu/os/simulated'
import type { CrashPoint } from './crash-points.ts'

/** When the worker is killed. */
export interface Kill {
  /** `starting`: while it starts after the kill before; `working`: when it is at work. */
  readonly moment: 'starting' | 'working'
  /** For `working`: not before this share of the orders is taken in, 0 to 1. */
  readonly share: number
  /** Then so long after it, or after the start; ms. */
  readonly delayMs: number
  /** For `working`: then not from outside, but when the worker comes to this point. */
  readonly point?: CrashPoint
}

const STARTING_CHANCE = 0.15
const STARTING_MS_MAX = 500
const WORKING_MS_MAX = 250
/** Shares beyond 1 become 1: those kills come when all orders are in, their effects not yet. */
const SHARE_MAX = 1.08
/** Of the kills at work, while orders still come: so many at a point, where there are points. */
const POINT_CHANCE = 0.75

/**
 * Exactly `kills` kills in the order in which they are done; the same for the same seed. Those at
 * `points` take them in turn.
 */
export function killPlan(seed: number, kills: number, points: readonly CrashPoint[] = []): Kill[] {
  const pointRandom = new SeededRandom(seed).fork('points')
  let turn = 0
  const random = new SeededRandom(seed).fork('kills')
  const shares = Array.from({ length: kills }, () => Math.min(1, random.next() * SHARE_MAX))
  shares.sort((a, b) => a - b)
  return shares.map((share, index) => {
    const starting = random.chance(STARTING_CHANCE) && index > 0
    const delayMs = random.below(starting ? STARTING_MS_MAX : WORKING_MS_MAX)
    if (starting) return { moment: 'starting', share, delayMs }
    const point = points[turn % points.length]
    if (point === undefined || share === 1 || !pointRandom.chance(POINT_CHANCE)) {
      return { moment: 'working', share, delayMs }
    }
    turn++
    return { moment: 'working', share, delayMs, point }
  })
}
