import { SeededRandom } from '@hufu/os/simulated'
import type { CrashPoint } from './crash-points.ts'
import type { ProcessName } from './process-names.ts'

/** Who is killed, and when. */
export interface Strike {
  /** One process; now and then two at once. */
  readonly targets: readonly ProcessName[]
  /** `starting`: while it starts after the strike before; `working`: when all are at work. */
  readonly moment: 'starting' | 'working'
  /** For `working`: not before this share of the orders is taken in, 0 to 1. */
  readonly share: number
  /** Then so long after it, or after the start; ms. */
  readonly delayMs: number
  /** For `working`: then not from outside, but when the process comes to this point. */
  readonly point?: CrashPoint
}

const STARTING_CHANCE = 0.15
const STARTING_MS_MAX = 400
const WORKING_MS_MAX = 250
/** Of the strikes at work, where there are several processes: so many hit two at once. */
const TOGETHER_CHANCE = 0.2
/** Shares beyond 1 become 1: those kills come when all orders are in, their effects not yet. */
const SHARE_MAX = 1.08
/** Of the kills at work, while orders still come: so many at a point, where there are points. */
const POINT_CHANCE = 0.75

/**
 * Strikes that kill exactly `kills` processes, in the order in which they are done; the same for
 * the same seed. The processes take turns, in an order that changes. Kills at `points` take them
 * in turn.
 */
export function killPlan(
  seed: number,
  kills: number,
  processes: readonly ProcessName[],
  points: readonly CrashPoint[] = [],
): Strike[] {
  const seeded = new SeededRandom(seed)
  const pointRandom = seeded.fork('points')
  const targetRandom = seeded.fork('targets')
  const random = seeded.fork('kills')
  const turns = new Turns(processes, targetRandom)
  const shares = Array.from({ length: kills }, () => Math.min(1, random.next() * SHARE_MAX))
  shares.sort((a, b) => a - b)
  const strikes: Strike[] = []
  let pointsUsed = 0
  for (let left = kills; left > 0; left -= strikes.at(-1)!.targets.length) {
    const share = shares[kills - left]!
    const before = strikes.at(-1)
    const starting = random.chance(STARTING_CHANCE) && before !== undefined
    const delayMs = random.below(starting ? STARTING_MS_MAX : WORKING_MS_MAX)
    if (starting) {
      strikes.push({ targets: [before.targets[0]!], moment: 'starting', share, delayMs })
      continue
    }
    const two = left > 1 && processes.length > 1 && targetRandom.chance(TOGETHER_CHANCE)
    const strike: Strike = { targets: turns.take(two ? 2 : 1), moment: 'working', share, delayMs }
    const point = points[pointsUsed % points.length]
    const atPoint = point !== undefined && share < 1 && pointRandom.chance(POINT_CHANCE)
    if (atPoint) pointsUsed++
    strikes.push(atPoint ? { ...strike, point } : strike)
  }
  return strikes
}

/** Deals the processes round by round, each round shuffled. */
class Turns {
  readonly #processes: readonly ProcessName[]
  readonly #random: SeededRandom
  #round: ProcessName[] = []

  constructor(processes: readonly ProcessName[], random: SeededRandom) {
    this.#processes = processes
    this.#random = random
  }

  /** So many different ones. */
  take(count: number): ProcessName[] {
    const taken: ProcessName[] = []
    while (taken.length < count) {
      if (this.#round.length === 0) this.#shuffle()
      const at = this.#round.findIndex((name) => !taken.includes(name))
      if (at < 0) this.#shuffle()
      else taken.push(...this.#round.splice(at, 1))
    }
    return taken
  }

  #shuffle(): void {
    const left = [...this.#processes]
    while (left.length > 0) this.#round.push(...left.splice(this.#random.below(left.length), 1))
  }
}
