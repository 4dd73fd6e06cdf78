import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Bench } from '../bench.ts'
import { numberFlag, readFlags, UsageError } from '../flags.ts'
import { rounded } from '../statistics.ts'

const MESSAGES = [1_000_000, 10_000_000]

interface Filled {
  readonly perSecond: number
  readonly rssMiB: number
}

interface Drained {
  readonly openedSeconds: number
  readonly readySeconds: number
  readonly drainPerSecond: number
  readonly waitingMiB: number
  readonly drainingMiB: number
}

export const backlogBench: Bench = {
  about: 'Millions of waiting messages of 100 B: memory, start after kill -9, draining from disk.',
  flags: '[--messages N] [--cache warm|cold] [--dir FOLDER]',
  async run(args, say) {
    const flags = readFlags(args, ['messages', 'cache', 'dir'])
    const only = numberFlag(flags.messages, 'messages', 0, 0, 1e9)
    const cold = flags.cache === 'cold'
    if (cold) dropPageCache()
    const parent = flags.dir ?? tmpdir()
    const cases = []
    for (const messages of only > 0 ? [only] : MESSAGES) {
      const measured = await measure(messages, cold, parent)
      cases.push(measured)
      say(JSON.stringify(measured))
    }
    return { cases, ...cases.at(-1) }
  },
}

async function measure(messages: number, cold: boolean, parent: string) {
  const dir = mkdtempSync(join(parent, 'hufu-bench-'))
  try {
    const filled = await child<Filled>('filler.ts', dir, messages)
    if (cold) dropPageCache()
    const drained = await child<Drained>('drainer.ts', dir, messages)
    return {
      messages,
      pageCache: cold ? 'cold' : 'warm',
      rssMiB: Math.max(filled.rssMiB, drained.waitingMiB),
      readySeconds: rounded(drained.readySeconds, 2),
      drainPerSecond: drained.drainPerSecond,
      fillPerSecond: filled.perSecond,
      openedSeconds: rounded(drained.openedSeconds, 2),
      drainingRssMiB: drained.drainingMiB,
    }
  } finally {
    rmSync(dir, { recursive: true })
  }
}

/** Runs one half of the bench in a process of its own; the object on its last line. */
function child<Result>(program: string, dir: string, messages: number): Promise<Result> {
  const path = join(import.meta.dirname, program)
  const args = [path, join(dir, 'broker'), String(messages)]
  const started = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  started.stdout.on('data', (data) => {
    output += data
  })
  return new Promise((resolve, reject) => {
    started.on('close', (code, signal) => {
      const last = output.trimEnd().split('\n').at(-1)
      if (last) resolve(JSON.parse(last) as Result)
      else reject(new Error(`${program} ended with ${code ?? signal} and said nothing`))
    })
  })
}

/** Linux only, and only as root. */
function dropPageCache(): void {
  try {
    writeFileSync('/proc/sys/vm/drop_caches', '3')
  } catch (error) {
    throw new UsageError(`--cache cold cannot be had here: ${(error as Error).message}`)
  }
}
