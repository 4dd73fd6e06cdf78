import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Cleanup } from '../run/cleanup.ts'
import { complain } from '../run/tally.ts'
import { type HalfOptions, HELP, readHalfOptions } from './options.ts'
import { type Outcome, runHalf } from './run.ts'

const PROBLEMS_SHOWN = 20

/** `npm run chaos -- half …`; resolves with the exit code, 0 or 1. */
export async function halfMode(args: readonly string[], cleanup: Cleanup): Promise<number> {
  const options = readHalfOptions(args)
  if (options.help) {
    process.stdout.write(`${HELP}\n`)
    return 0
  }
  complain(`Seed ${options.seed}`)
  const dir = mkdtempSync(join(tmpdir(), 'hufu-chaos-half-'))
  const takenBack = cleanup.add(() => rmSync(dir, { recursive: true, force: true }))
  const outcome = await runHalf(options, dir, cleanup).catch((error) => {
    takenBack()
    complain(`Kept: ${dir}, seed ${options.seed}`)
    throw error
  })
  const holds = outcome.problems.length === 0
  if (!holds) {
    takenBack()
    for (const text of outcome.problems.slice(0, PROBLEMS_SHOWN)) complain(text)
    complain(`Kept: ${dir}, seed ${options.seed}`)
  }
  say(options, outcome, holds)
  return holds ? 0 : 1
}

function say({ messages, kills, json }: HalfOptions, outcome: Outcome, holds: boolean): void {
  const { committed, rolledBack, silent, seenHalf, lost, doubled, unasked, undecided } = outcome
  complain(`${outcome.watched} undecided ones watched while no producer was there`)
  const planned = { mode: 'half', messages, kills, committed, rolledBack, silent }
  const object = { ...planned, seenHalf, lost, doubled, unasked, undecided, holds }
  const words = Object.entries(object).map(([name, value]) => `${name} ${value}`)
  process.stdout.write(`${json ? JSON.stringify(object) : words.join(', ')}\n`)
}
