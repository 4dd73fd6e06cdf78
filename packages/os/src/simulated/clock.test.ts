import { clockContract } from '../clock.contract.ts'
import { simulatedOs } from './os.ts'

for (const seed of [1, 2, 3]) {
  clockContract(`simulated clock, seed ${seed}`, () => {
    const world = simulatedOs({ seed })
    return { clock: world.os.clock, run: (body) => world.settle(body()) }
  })
}
