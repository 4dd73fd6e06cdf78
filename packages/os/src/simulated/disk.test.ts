import { diskContract } from '../disk.contract.ts'
import { simulatedOs } from './os.ts'

for (const seed of [1, 2, 3]) {
  diskContract(`simulated disk, seed ${seed}`, async () => {
    const world = simulatedOs({ seed })
    await world.settle(world.os.disk.makeDir('/data'))
    return { disk: world.os.disk, dir: '/data', run: (body) => world.settle(body()) }
  })
}
