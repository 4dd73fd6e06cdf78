import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SeededRandom } from '@hufu/os/simulated'
import { History } from '../history/history.ts'
import { readReport } from '../history/report-file.ts'
import type { Cleanup } from './cleanup.ts'
import { finalLife, StuckError } from './final-life.ts'
import type { Rate } from './rate.ts'
import { addFindings, complain, failuresOf, see, type Tally } from './tally.ts'
import type { WorkerOptions } from './words.ts'
import { WorkerProcess } from './worker-process.ts'

/** A worker has so long to open its folder, ms; the machine may be busy. */
const READY_MS_MAX = 60_000

/** What every mode gets. */
export interface Run {
  seed: number
  trials: number
  tally: Tally
  cleanup: Cleanup
  rate: Rate
}

/** The files of one trial: the broker's folder and, beside it, a report of each life. */
export class Folder {
  readonly root: string
  /** The broker's; may lie on another file system than the reports. */
  readonly dir: string
  readonly seed: number
  lives = 0
  /** What was done to it, for whoever looks into a kept folder. */
  note = ''
  readonly #reports: string[] = []
  readonly #run: Run
  readonly #takenBack: () => void

  constructor(run: Run, seed: number, dir?: string) {
    this.#run = run
    this.seed = seed
    this.root = mkdtempSync(join(tmpdir(), 'hufu-chaos-'))
    this.dir = dir ?? join(this.root, 'broker')
    this.#takenBack = run.cleanup.add(() => rmSync(this.root, { recursive: true, force: true }))
  }

  /** The process of the next life. */
  start(work: WorkerOptions['work'] = 'mixed', waits = false): WorkerProcess {
    const life = this.lives++
    const reportPath = join(this.root, `report-${life}.jsonl`)
    this.#reports.push(reportPath)
    const { dir, seed } = this
    return new WorkerProcess({ dir, seed, life, reportPath, work, waits }, this.#run.cleanup)
  }

  /** Compares all lives with what is in the folder now. */
  async check(): Promise<void> {
    const history = new History()
    for (const path of this.#reports) for (const event of readReport(path)) history.add(event)
    const { tally } = this.#run
    // It was perhaps ended before it had made its folder.
    if (existsSync(this.dir)) cpSync(this.dir, join(this.root, 'before-check'), { recursive: true })
    try {
      await finalLife(this.dir, history, join(this.root, 'report-final.jsonl'))
    } catch (error) {
      const kind = error instanceof StuckError ? 'stuck' : 'startFailures'
      tally[kind]++
      complain(`${kind}: ${(error as Error).stack}`)
      return
    }
    addFindings(tally, history.finish())
    see(tally, 'confirmed', history.confirmed)
    see(tally, 'lives', this.lives)
  }

  /** Kept, and named, when something was found in it. */
  end(keep: boolean): void {
    this.#takenBack()
    if (keep) complain(`Kept: ${this.root}, seed ${this.seed} ${this.note}`)
    else rmSync(this.root, { recursive: true, force: true })
  }
}

/** Runs one trial in a folder of its own; its seed is the run's plus its number. */
export async function inFolder(
  run: Run,
  number: number,
  dir: string | undefined,
  trial: (folder: Folder, random: SeededRandom) => Promise<void>,
): Promise<void> {
  const seed = run.seed + number
  const folder = new Folder(run, seed, dir)
  const before = failuresOf(run.tally)
  await trial(folder, new SeededRandom(seed).fork('trial'))
  run.tally.trials++
  run.rate.count()
  folder.end(failuresOf(run.tally) > before)
}

/** Ends the worker, and counts it when it had ended by itself in another way than it may. */
export async function endWorker(
  run: Run,
  worker: WorkerProcess,
  allowed: readonly (number | string)[],
): Promise<number | string> {
  const end = await worker.kill()
  if (end !== 'SIGKILL' && !allowed.includes(end)) {
    run.tally.unclearEnds++
    complain(`unclearEnds: a worker ended with ${end}\n${worker.tail}`)
  }
  return end
}

/** Waits until the worker is at work; counts a start that fails by itself. */
export async function readyOrFailed(run: Run, worker: WorkerProcess): Promise<boolean> {
  if (await worker.hears('ready', READY_MS_MAX)) return true
  run.tally.startFailures++
  complain(`startFailures: not ready, ${worker.end ?? 'alive'}\n${worker.tail}`)
  return false
}
