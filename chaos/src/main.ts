import { amqpMode } from './amqp/amqp.ts'
import { bankMode } from './bank/bank.ts'
import { halfMode } from './half/half.ts'
import { cutMode } from './modes/cut.ts'
import { flipMode } from './modes/flip.ts'
import { fullMode } from './modes/full.ts'
import { killMode } from './modes/kill.ts'
import { powerMode } from './modes/power.ts'
import { straceMode } from './modes/strace.ts'
import { CannotRunError, type ChaosOptions, HELP, readOptions, UsageError } from './options.ts'
import { Cleanup } from './run/cleanup.ts'
import { Rate } from './run/rate.ts'
import { complain, failuresOf, newTally, type Tally } from './run/tally.ts'

const cleanup = new Cleanup()

/** Exit code: 0 all kept, 1 not, 2 wrong usage, 3 cannot run here. */
async function main(args: readonly string[]): Promise<number> {
  if (args[0] === 'amqp') return amqpMode(args.slice(1), cleanup)
  if (args[0] === 'bank') return bankMode(args.slice(1), cleanup)
  if (args[0] === 'half') return halfMode(args.slice(1), cleanup)
  if (args.includes('--help') || args.length === 0) return said(HELP, 0)
  const options = readOptions(args)
  const tally = newTally(options.mode)
  complain(`Seed ${options.seed}`)
  const started = performance.now()
  await runMode(options, tally)
  const seconds = (performance.now() - started) / 1_000
  complain(`${tally.trials} trials in ${seconds.toFixed(1)} s; seed ${options.seed}`)
  if (options.json) process.stdout.write(`${JSON.stringify(tally)}\n`)
  else process.stdout.write(`${textOf(tally)}\n`)
  return failuresOf(tally) === 0 ? 0 : 1
}

async function runMode(options: ChaosOptions, tally: Tally): Promise<void> {
  const { mode, seed, trials } = options
  const run = { seed, trials, tally, cleanup, rate: new Rate(mode, 'trials') }
  switch (mode) {
    case 'kill':
      return killMode(run)
    case 'strace':
      return straceMode(run)
    case 'power':
      return powerMode(run, options.fileSystems)
    case 'full':
      return fullMode(run)
    case 'cut':
      return cutMode(options.bytes, seed, tally)
    case 'flip':
      return flipMode(options.bytes, seed, tally)
  }
}

function textOf({ mode, seen, ...counts }: Tally): string {
  const shown = Object.entries({ ...counts, ...seen })
  return `${mode}: ${shown.map(([name, count]) => `${name} ${count}`).join(', ')}`
}

function said(text: string, exitCode: number): number {
  process.stdout.write(`${text}\n`)
  return exitCode
}

/** Why it ended early, and the exit code for that. */
function failed(error: unknown, json: boolean): number {
  const { message, stack } = error as Error
  const skipped = error instanceof CannotRunError
  const usage = error instanceof UsageError
  complain(skipped || usage ? message : (stack ?? message))
  if (json) {
    const object = skipped ? { skipped: message } : { error: message }
    process.stdout.write(`${JSON.stringify(object)}\n`)
  }
  return skipped ? 3 : usage ? 2 : 1
}

cleanup.onSignals()
const args = process.argv.slice(2)
process.exitCode = await main(args).catch((error) => failed(error, args.includes('--json')))
cleanup.runAll()
