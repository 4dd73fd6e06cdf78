import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Lives } from './lives.fixture.ts'

const KiB = 1024
const WORLDS = Number(process.env.HUFU_WORLDS ?? 120)
const FIRST_SEED = Number(process.env.HUFU_SEED ?? 1)

test('whenever it ends, what was promised holds in every later life', async (t) => {
  const seen: Seen = { freed: 0, checkpoints: 0, tornTails: 0, copiedForward: 0 }
  for (let seed = FIRST_SEED; seed < FIRST_SEED + WORLDS; seed++) {
    try {
      await world(seed, seen)
    } catch (error) {
      throw new Error(`HUFU_SEED=${seed} HUFU_WORLDS=1 fails again`, { cause: error })
    }
  }
  t.diagnostic(JSON.stringify(seen))
  if (WORLDS > 50) assert.ok(Object.values(seen).every((times) => times > 0))
})

async function world(seed: number, seen: Seen): Promise<void> {
  const lives = new Lives(seed, (line) => look(line, seen))
  const { random } = lives
  // Every third disk is so small that it is full at times.
  if (seed % 3 === 0) lives.sim.disk.capacityBytes = (160 + (seed % 80)) * KiB
  await lives.open()
  const count = 2 + random.below(4)
  for (let life = 0; life < count; life++) {
    await live(lives)
    if (random.chance(0.2)) await lives.close()
    else lives.die()
    await lives.open(random.chance(0.3) ? random.next() * 8 : 0)
    await lives.check()
    if (lives.broker.report.tailBytesCut > 0) seen.tornTails++
    seen.copiedForward += moved(lives)
  }
}

/** What must have happened in some of the worlds, or they prove little. */
interface Seen {
  freed: number
  checkpoints: number
  tornTails: number
  copiedForward: number
}

function look(line: string, seen: Seen): void {
  if (/: rename .*\/[0-9a-f]{14}\.seg: ok$/.test(line)) seen.freed++
  else if (/: write .*\/checkpoint-[ab] 0\+64: ok$/.test(line)) seen.checkpoints++
}

/** Entries in the segments' bytes that are copies of messages. */
function moved({ sim: { disk } }: Lives): number {
  let count = 0
  for (const path of disk.files().filter((path) => path.endsWith('.seg'))) {
    const bytes = disk.contents(path)
    for (let at = 64; at + 16 <= bytes.length; at += 8) {
      const isMessage = bytes[at + 4] === 0x48 && bytes[at + 5] === 0x45 && bytes[at + 6] === 16
      if (isMessage && bytes[at + 7]! & 16) count++
    }
  }
  return count
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
