import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { SeededRandom } from '@hufu/os/simulated'
import { CannotRunError, type FileSystem } from '../options.ts'
import { endWorker, type Folder, inFolder, type Run, readyOrFailed } from '../run/folder.ts'
import { Mount } from '../run/mount.ts'
import { complain, see } from '../run/tally.ts'
import { EXIT } from '../run/words.ts'

const MiB = 2 ** 20
/** XFS refuses to be smaller. The file is sparse. */
const BYTES = { ext4: 96 * MiB, xfs: 320 * MiB } as const
const LIVES_MIN = 1
const LIVES_MORE = 3
const WORK_MS_MAX = 400
/** So many are cut off before the worker is ready: while Node starts, or in recovery. */
const CUT_EARLY = 0.25
const START_MS = 300

/** The file system is cut off from its disk at a random moment, and mounted again. */
export async function powerMode(run: Run, fileSystems: readonly FileSystem[]): Promise<void> {
  const reasons: string[] = []
  for (const kind of fileSystems) {
    try {
      for (let number = 0; number < run.trials; number++) await powerTrial(run, kind, number)
    } catch (error) {
      if (!(error instanceof CannotRunError)) throw error
      reasons.push(error.message)
      complain(`Skipped ${kind}: ${error.message}`)
    }
  }
  if (reasons.length === fileSystems.length) throw new CannotRunError(reasons.join('; '))
}

async function powerTrial(run: Run, kind: FileSystem, number: number): Promise<void> {
  const mount = new Mount(kind, BYTES[kind], run.cleanup)
  await inFolder(run, number, join(mount.dir, 'a', 'broker'), async (folder, random) => {
    folder.note = kind
    const lives = LIVES_MIN + random.below(LIVES_MORE)
    for (let life = 0; life < lives; life++) await live(run, folder, mount, random)
    see(run.tally, kind)
    await folder.check()
  })
  mount.end()
}

async function live(run: Run, folder: Folder, mount: Mount, random: SeededRandom): Promise<void> {
  const early = random.chance(CUT_EARLY)
  const worker = folder.start()
  if (!early) await readyOrFailed(run, worker)
  await sleep(random.next() * (early ? START_MS : WORK_MS_MAX))
  mount.cutPower()
  // It may go on for a moment without a disk, as a machine does not: it must not confirm anything.
  await sleep(random.below(3) * 20)
  await endWorker(run, worker, [EXIT.failed, EXIT.refused])
  mount.unmount()
  mount.mount()
  see(run.tally, early ? 'cutAtStart' : 'cutAtWork')
}
