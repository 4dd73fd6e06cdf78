import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Cleanup } from '../run/cleanup.ts'
import { complain } from '../run/tally.ts'
import { type BankOptions, HELP, readBankOptions } from './options.ts'
import { type Outcome, runBank } from './run.ts'

const PROBLEMS_SHOWN = 20

/** `npm run chaos -- bank …`; resolves with the exit code, 0 or 1. */
export async function bankMode(args: readonly string[], cleanup: Cleanup): Promise<number> {
  const options = readBankOptions(args)
  if (options.help) {
    process.stdout.write(`${HELP}\n`)
    return 0
  }
  complain(`Seed ${options.seed}`)
  const folder = mkdtempSync(join(tmpdir(), 'hufu-chaos-bank-'))
  const takenBack = cleanup.add(() => rmSync(folder, { recursive: true, force: true }))
  const outcome = await runBank(options, folder, cleanup)
  for (const text of outcome.problems.slice(0, PROBLEMS_SHOWN)) complain(text)
  const holds = isKept(outcome)
  if (!holds) {
    takenBack()
    for (const [name, tail] of Object.entries(outcome.tails)) complain(`--- ${name}\n${tail}`)
    complain(`Kept: ${folder}, seed ${options.seed}`)
  }
  say(options, outcome)
  return holds ? 0 : 1
}

function isKept({ moneyBefore, moneyAfter, ...outcome }: Outcome): boolean {
  const { violations, stuck, parked, unplaced } = outcome
  return violations + stuck + parked + unplaced === 0 && moneyBefore === moneyAfter
}

function say(options: BankOptions, { problems: _, tails: __, ...outcome }: Outcome): void {
  const { kind, store, transactions, coordinators, seed, json } = options
  const object = { mode: 'bank', kind, store, transactions, coordinators, ...outcome, seed }
  const words = Object.entries(object).map(([name, value]) => `${name} ${value}`)
  process.stdout.write(`${json ? JSON.stringify(object) : words.join(', ')}\n`)
}
