import { runDemo } from './demo.ts'
import { openSource } from './input/source.ts'
import { CannotRunError, HELP, readOptions, UsageError } from './options.ts'
import { jsonOf, summaryOf } from './view/summary.ts'

const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const

/** Somebody wants it to end. */
class Interrupted extends Error {
  readonly exitCode: number
  constructor(signal: keyof typeof SIGNALS) {
    super(`ended by ${signal}`)
    this.exitCode = SIGNALS[signal]
  }
}

/** Exit code: 0 consistent, 1 not, 2 wrong usage or unreadable input, 3 cannot run here. */
async function main(args: readonly string[]): Promise<number> {
  const json = args.includes('--json')
  const say = (text: string, object: object) => {
    if (json) process.stderr.write(`${text}\n`)
    process.stdout.write(`${json ? JSON.stringify(object) : text}\n`)
  }
  try {
    const options = readOptions(args)
    if (options.help) {
      say(HELP, { help: HELP })
      return 0
    }
    process.stderr.write(`Seed ${options.seed}, ${options.kills} kills\n`)
    const source = openSource(options)
    const outcome = await runDemo(options, source, process.stderr, interruption())
    say(summaryOf(outcome), jsonOf(outcome))
    return outcome.found.consistent && outcome.failure === undefined ? 0 : 1
  } catch (error) {
    const { message, stack } = error as Error
    const [exitCode, text, object] =
      error instanceof UsageError
        ? [2, message, { error: message }]
        : error instanceof CannotRunError
          ? [3, message, { skipped: message }]
          : error instanceof Interrupted
            ? [error.exitCode, message, { error: message }]
            : [1, stack ?? message, { error: message }]
    process.stderr.write(`${text}\n`)
    if (json) process.stdout.write(`${JSON.stringify(object)}\n`)
    return exitCode
  }
}

/** Aborts at the first signal, so that no process is left behind; the second ends at once. */
function interruption(): AbortSignal {
  const controller = new AbortController()
  for (const signal of Object.keys(SIGNALS) as (keyof typeof SIGNALS)[]) {
    process.on(signal, () => {
      if (controller.signal.aborted) process.exit(SIGNALS[signal])
      controller.abort(new Interrupted(signal))
    })
  }
  return controller.signal
}

const exitCode = await main(process.argv.slice(2))
// Input that nobody reads to its end, as after a failure, must not keep the process alive.
process.stdout.write('', () => process.exit(exitCode))
