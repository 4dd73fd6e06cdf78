import { nodeOs } from '@hufu/os'
import { HELP, type Options, readOptions, UsageError } from './options.ts'
import { runPlanted } from './planted.ts'
import { reportText, runSeeds } from './seeds.ts'

/** Exit code: 0 all promises hold, 1 they do not, 2 wrong usage, 3 cannot run here. */
export async function main(args: readonly string[]): Promise<number> {
  const json = args.includes('--json')
  try {
    const options = readOptions(args)
    if (options.help) {
      process.stdout.write(`${HELP}\n`)
      return 0
    }
    return await (options.planted ? planted(options) : seeds(options))
  } catch (error) {
    const { message, stack } = error as Error
    const usage = error instanceof UsageError
    process.stderr.write(`${usage ? message : (stack ?? message)}\n`)
    if (json) process.stdout.write(`${JSON.stringify({ error: message })}\n`)
    return usage ? 2 : 1
  }
}

async function seeds(options: Options): Promise<number> {
  const report = await runSeeds(options, nodeOs.clock)
  const text = reportText(report)
  if (options.json) process.stderr.write(`${text}\n`)
  process.stdout.write(`${options.json ? JSON.stringify(report) : text}\n`)
  return report.violations === 0 && report.never.length === 0 ? 0 : 1
}

async function planted(options: Options): Promise<number> {
  const { found, missed } = await runPlanted(options)
  const text = missed.length === 0 ? 'All were found' : `Not found: ${missed.join(', ')}`
  process.stderr.write(`${text}\n`)
  if (options.json) process.stdout.write(`${JSON.stringify({ planted: found, missed })}\n`)
  return missed.length === 0 ? 0 : 1
}
