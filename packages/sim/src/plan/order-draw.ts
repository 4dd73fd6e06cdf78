import type { SeededRandom } from '@hufu/os/simulated'
import type { Step } from './step.ts'
import type { Swarm } from './swarm.ts'

type PlaceStep = Extract<Step, { kind: 'order' }>

/** Draws business transactions; some of them are repeats of earlier ones. */
export class OrderDraw {
  readonly #random: SeededRandom
  readonly #swarm: Swarm
  readonly #drawn: PlaceStep[] = []

  constructor(random: SeededRandom, swarm: Swarm) {
    this.#random = random
    this.#swarm = swarm
  }

  /** What the services do in one round. */
  round(): Step[] {
    const random = this.#random
    const steps: Step[] = []
    for (let count = random.below(this.#swarm.orders + 1); count > 0; count--) {
      steps.push(this.#order())
    }
    if (random.chance(this.#swarm.keyBursts)) steps.push(...this.#burst())
    if (random.chance(0.05)) {
      const service = random.chance(0.5) ? 'shop' : 'ledger'
      steps.push({ kind: 'restart', service, drainMs: random.below(60) })
    }
    return steps
  }

  /** Several of one key that wait to be sent together. */
  #burst(): Step[] {
    const key = `k${this.#random.below(this.#swarm.keys)}`
    return Array.from({ length: 2 + this.#random.below(4) }, () => {
      const rest = { delayMs: 0, holdMs: 0, holdFirst: false, fails: false, shop: 0 }
      const step: PlaceStep = { kind: 'order', id: `o${this.#drawn.length}`, key, ...rest }
      this.#drawn.push(step)
      return step
    })
  }

  #order(): PlaceStep {
    const random = this.#random
    const holdMs = random.chance(0.3) ? random.below(60) : 0
    const holdFirst = random.chance(0.3)
    const fails = random.chance(0.15)
    const rest = { holdMs, holdFirst, fails, shop: random.below(2) }
    const known = this.#drawn[random.below(this.#drawn.length)]
    if (known !== undefined && random.chance(0.1)) return { ...known, ...rest }
    const { keyed, keys, delayed } = this.#swarm
    const step: PlaceStep = {
      kind: 'order',
      id: `o${this.#drawn.length}`,
      delayMs: random.chance(delayed) ? random.below(100) : 0,
      ...rest,
    }
    if (random.chance(keyed)) step.key = `k${random.below(keys)}`
    if (random.chance(this.#swarm.halfOrders)) {
      step.half = {
        first: random.below(random.chance(0.5) ? 6 : 60),
        every: 5 + random.below(60),
        max: 2 + random.below(14),
      }
    }
    this.#drawn.push(step)
    return step
  }
}
