import { sleep } from '../clock.ts'
import type { Os } from '../os.ts'
import { randomBelow } from '../random.ts'
import { simulatedOs } from './os.ts'

/** Several lives of a small program, cut short at random; returns the hash of all that happened. */
export async function liveThrough(
  seed: number,
  onTrace: (line: string) => void = () => {},
): Promise<string> {
  const world = simulatedOs({ seed, onTrace })
  for (let life = 1; life <= 4; life++) {
    void work(world.os, life)
    await world.runFor(20 + world.random.below(100))
    if (world.random.chance(0.5)) world.crash()
    else world.kill()
    world.clock.jump(world.random.below(10_000) - 5_000)
  }
  for (const path of world.disk.files()) world.trace.addBytes(world.disk.contents(path))
  return world.trace.hash
}

async function work(os: Os, life: number): Promise<void> {
  await os.disk.makeDir('/data')
  const file = await os.disk.open(`/data/${life}-${os.random.id()}`, { create: true })
  await os.disk.syncDir('/data')
  for (let round = 0; ; round++) {
    const line = new TextEncoder().encode(`${round} ${os.clock.now()} ${os.random.id()}\n`)
    await Promise.all([file.write(line, round * 100), file.write(line, round * 100 + 5_000)])
    if (randomBelow(os.random, 4) === 0) await file.sync()
    await sleep(os.clock, randomBelow(os.random, 3))
  }
}
