import { setTimeout as sleep } from 'node:timers/promises'
import type { SeededRandom } from '@hufu/os/simulated'
import { endWorker, type Folder, inFolder, type Run, readyOrFailed } from '../run/folder.ts'
import { see } from '../run/tally.ts'

/** Lives of one folder, each ended by `kill -9`. */
const LIVES_MIN = 2
const LIVES_MORE = 3
/** A worker at work is killed after so long at most, ms. */
const WORK_MS_MAX = 400
/** So many are killed before they are ready: while Node starts, or in recovery. */
const KILLED_EARLY = 0.25

/** `kill -9` at a random moment, several times over one folder. */
export async function killMode(run: Run): Promise<void> {
  let startMs = 300
  for (let number = 0; number < run.trials; number++) {
    await inFolder(run, number, undefined, async (folder, random) => {
      const lives = LIVES_MIN + random.below(LIVES_MORE)
      for (let life = 0; life < lives; life++) startMs = await live(run, folder, random, startMs)
      await folder.check()
    })
  }
}

/** One life; returns how long a start takes, ms. */
async function live(
  run: Run,
  folder: Folder,
  random: SeededRandom,
  startMs: number,
): Promise<number> {
  const early = random.chance(KILLED_EARLY)
  const delayMs = early ? startMs * (0.5 + random.next() * 0.7) : random.next() * WORK_MS_MAX
  const worker = folder.start()
  if (!early && (await readyOrFailed(run, worker))) {
    startMs = performance.now() - worker.startedAt
  }
  await sleep(delayMs)
  await endWorker(run, worker, [])
  see(run.tally, early ? 'killedAtStart' : 'killedAtWork')
  return startMs
}
