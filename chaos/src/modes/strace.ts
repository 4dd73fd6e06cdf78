import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { SeededRandom } from '@hufu/os/simulated'
import { CannotRunError } from '../options.ts'
import { endWorker, Folder, inFolder, type Run, readyOrFailed } from '../run/folder.ts'
import { complain, see } from '../run/tally.ts'
import { EXIT } from '../run/words.ts'
import type { WorkerProcess } from '../run/worker-process.ts'

/** Calls with which the broker changes or names something. Others do not occur. */
const CALLS = ['pwrite64', 'fdatasync', 'fsync', 'openat', 'rename', 'unlink'] as const
/** What may happen instead of the call. `retval=0`: a write takes nothing. */
const FAULTS = ['error=EIO', 'error=ENOSPC', 'signal=KILL'] as const
const NOTHING_TAKEN = 'retval=0'
/** A traced worker works so long, ms; tracing makes it several times slower. */
const WORK_MS = 500
const ATTACH_MS_MAX = 20_000
/** Made while the folder is opened; half of the faults are to be among them. */
const FIRST_CALLS = 12

/** One call of one kind fails, or kills, at its Nth time, or fails from then on. */
export async function straceMode(run: Run): Promise<void> {
  demandStrace()
  const counts = await countCalls(run)
  complain(`Calls in one life: ${JSON.stringify(counts)}`)
  for (let number = 0; number < run.trials; number++) {
    await inFolder(run, number, undefined, async (folder, random) => {
      if (random.chance(0.5)) await firstLife(run, folder)
      await faultyLife(run, folder, random, counts)
      await folder.check()
    })
  }
}

function demandStrace(): void {
  const found = spawnSync('strace', ['-V'], { encoding: 'utf8' })
  if (found.status !== 0) throw new CannotRunError('Cannot run strace: it is not installed')
}

/** So that the faulty life finds a log, checkpoints and a torn end. */
async function firstLife(run: Run, folder: Folder): Promise<void> {
  const worker = folder.start()
  if (await readyOrFailed(run, worker)) await sleep(WORK_MS / 2)
  await endWorker(run, worker, [])
}

async function faultyLife(
  run: Run,
  folder: Folder,
  random: SeededRandom,
  counts: Readonly<Record<string, number>>,
): Promise<void> {
  const call = CALLS[random.below(CALLS.length)]!
  const faults = call === 'pwrite64' ? [...FAULTS, NOTHING_TAKEN] : FAULTS
  const fault = faults[random.below(faults.length)]!
  const most = random.chance(0.5) ? FIRST_CALLS : (counts[call] ?? 0)
  const nth = 1 + random.below(Math.max(1, most))
  const onwards = fault !== 'signal=KILL' && random.chance(0.3) ? '+' : ''
  const rule = `inject=${call}:${fault}:when=${nth}${onwards}`
  folder.note = rule
  const { hit, end } = await tracedLife(run, folder, ['-e', `trace=${call}`, '-e', rule])
  see(run.tally, hit ? `${call} ${fault}` : 'not hit')
  if (hit) see(run.tally, endWord(end))
}

function endWord(end: number | string): string {
  if (end === EXIT.failed) return 'then LOG_FAILED'
  return end === EXIT.refused ? 'then not opened' : 'then killed'
}

interface Traced {
  /** The fault was injected at least once. */
  hit: boolean
  end: number | string
  trace: string
}

/** A worker under strace, from just before it opens its folder. */
async function tracedLife(run: Run, folder: Folder, rules: readonly string[]): Promise<Traced> {
  const worker = folder.start('mixed', true)
  const path = join(folder.root, 'trace')
  if (!(await worker.hears('loaded', ATTACH_MS_MAX))) throw new Error('Tracing: no worker')
  const traced = await attach(worker, path, rules)
  worker.say('go')
  if (await worker.hears('ready', ATTACH_MS_MAX)) {
    await Promise.race([worker.ended, sleep(WORK_MS)])
  } else if (worker.end === undefined) {
    run.tally.unclearEnds++
    complain(`unclearEnds: neither ready nor ended in ${ATTACH_MS_MAX} ms: ${rules.join(' ')}`)
  }
  const killed = worker.end === 'SIGKILL'
  const end = await endWorker(run, worker, [EXIT.failed, EXIT.refused])
  await traced.ended
  const trace = readFileSync(path, 'utf8')
  rmSync(path)
  return { hit: killed || trace.includes('(INJECTED)'), end, trace }
}

/** Resolves when strace is at work, with a promise of its end; it ends with the worker. */
async function attach(
  worker: WorkerProcess,
  path: string,
  rules: readonly string[],
): Promise<{ ended: Promise<unknown> }> {
  const args = ['-f', '-p', String(worker.pid), '-o', path, ...rules]
  const strace = spawn('strace', args, { stdio: ['ignore', 'ignore', 'pipe'] })
  const ended = once(strace, 'close')
  const [said] = await once(strace.stderr, 'data')
  strace.stderr.resume()
  if (!String(said).includes('attached')) {
    await worker.kill()
    throw new CannotRunError(`Cannot trace a process: ${String(said).trim()}`)
  }
  return { ended }
}

/** How often each call is made in a life without faults, by one thread. */
async function countCalls(run: Run): Promise<Record<string, number>> {
  const folder = new Folder(run, run.seed)
  const { trace } = await tracedLife(run, folder, ['-e', `trace=${CALLS.join(',')}`])
  folder.end(false)
  const counts = CALLS.map((call) => [call, trace.split(` ${call}(`).length - 1] as const)
  return Object.fromEntries(counts)
}
