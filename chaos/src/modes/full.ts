import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { SeededRandom } from '@hufu/os/simulated'
import { endWorker, type Folder, inFolder, type Run, readyOrFailed } from '../run/folder.ts'
import { Mount } from '../run/mount.ts'
import { complain, see } from '../run/tally.ts'
import type { WorkerWord } from '../run/words.ts'
import type { WorkerProcess } from '../run/worker-process.ts'

const MiB = 2 ** 20
/** Each step of a trial may take so long, ms. */
const STEP_MS_MAX = 90_000
const FILE_SYSTEMS = ['tmpfs', 'ext4'] as const
/** How the disk gets free again. */
const WAYS = ['drained', 'killed and drained', 'freed by others'] as const

/** A small disk fills up: publishes are refused, all else goes on, and it frees again. */
export async function fullMode(run: Run): Promise<void> {
  for (let number = 0; number < run.trials; number++) {
    const kind = FILE_SYSTEMS[number % FILE_SYSTEMS.length]!
    const mount = new Mount(kind, (kind === 'ext4' ? 9 : 3) * MiB, run.cleanup)
    await inFolder(run, number, join(mount.dir, 'broker'), async (folder, random) => {
      const way = WAYS[random.below(WAYS.length)]!
      folder.note = `${kind}, ${way}`
      const worker = await fullTrial(run, folder, mount, random, way)
      if (worker !== undefined) see(run.tally, folder.note)
      await worker?.kill()
      await folder.check()
    })
    mount.end()
  }
}

/** Resolves with the worker that lives at the end; undefined when something did not happen. */
async function fullTrial(
  run: Run,
  folder: Folder,
  mount: Mount,
  random: SeededRandom,
  way: (typeof WAYS)[number],
): Promise<WorkerProcess | undefined> {
  const ballast = join(mount.dir, 'ballast')
  if (way === 'freed by others')
    writeFileSync(ballast, Buffer.alloc(MiB + random.below(MiB / 2), 1))
  let worker = folder.start('fill')
  if (!(await readyOrFailed(run, worker)) || !(await demandWord(run, worker, 'full'))) return
  if (way === 'killed and drained') {
    await endWorker(run, worker, [])
    worker = folder.start('wait')
    if (!(await readyOrFailed(run, worker))) return
  }
  if (way === 'freed by others') rmSync(ballast)
  else {
    worker.say('drain')
    if (!(await demandWord(run, worker, 'drained'))) return
  }
  worker.say('publish')
  return (await demandWord(run, worker, 'published')) ? worker : undefined
}

async function demandWord(run: Run, worker: WorkerProcess, word: WorkerWord): Promise<boolean> {
  if (await worker.hears(word, STEP_MS_MAX)) return true
  run.tally.stuck++
  complain(`stuck: not ${word}, ${worker.end ?? 'alive'}\n${worker.tail}`)
  await worker.kill()
  return false
}
