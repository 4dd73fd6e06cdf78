import { test } from 'node:test'
import { Lives } from './lives.fixture.ts'

const WORLDS = Number(process.env.HUFU_WORLDS ?? 120)
const FIRST_SEED = Number(process.env.HUFU_SEED ?? 1)

test('whenever it ends, what was promised holds in every later life', async () => {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + WORLDS; seed++) {
    try {
      await world(seed)
    } catch (error) {
      throw new Error(`HUFU_SEED=${seed} HUFU_WORLDS=1 fails again`, { cause: error })
    }
  }
})

async function world(seed: number): Promise<void> {
  const lives = new Lives(seed)
  const { random } = lives
  await lives.open()
  const count = 2 + random.below(4)
  for (let life = 0; life < count; life++) {
    await live(lives)
    if (random.chance(0.2)) await lives.close()
    else lives.die()
    await lives.open(random.chance(0.3) ? random.next() * 8 : 0)
    await lives.check()
  }
}

async function live(lives: Lives): Promise<void> {
  const { random, sim } = lives
  const steps = 1 + random.below(25)
  for (let step = 0; step < steps; step++) {
    if (random.chance(0.1)) lives.unsubscribe()
    if (random.chance(0.2)) lives.subscribe()
    for (let count = random.below(8); count > 0; count--) lives.publish()
    await sim.runFor(random.next() * 12)
  }
}
