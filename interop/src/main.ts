import { ServiceMissing } from '../../tools/services/service.ts'
import { startService } from '../../tools/services/start.ts'
import type { Choice } from './choice.ts'
import { HELP, type Options, readOptions, UsageError } from './options.ts'
import { choose } from './programs.ts'
import { HufuServer } from './run/hufu-server.ts'
import type { Program } from './run/program.ts'
import { run, type Verdict } from './run/run.ts'

async function main(args: readonly string[]): Promise<number> {
  const options = readOptions(args)
  if (options.help) return print(HELP, 0)
  const choice = await choose(options.only, complain)
  for (const { program, why } of choice.skipped) complain(`skip  ${program}: ${why}`)
  const verdicts = await playAll(choice, options)
  return report(choice, verdicts, options.json)
}

/** Programs that look at what is left when both servers have been started again. */
const AFTER_RESTART = 'after-restart/'

async function playAll({ programs }: Choice, { transcripts }: Options): Promise<Verdict[]> {
  const hufu = new HufuServer()
  process.once('exit', () => hufu.drop())
  const rabbitmq = await startService('rabbitmq')
  try {
    await hufu.start()
    const verdicts: Verdict[] = []
    complain(`Hufu and RabbitMQ ${rabbitmq.version}, ${programs.length} programs on each`)
    const play = (played: readonly Program[]) =>
      run(played, { hufu: hufu.url, rabbitmq: rabbitmq.url }, (verdict) => {
        verdicts.push(verdict)
        complain(linesOf(verdict, transcripts).join('\n'))
      })
    const late = programs.filter(({ name }) => name.startsWith(AFTER_RESTART))
    await play(programs.filter((program) => !late.includes(program)))
    if (late.length > 0) await Promise.all([hufu.restart(), rabbitmq.restart()])
    await play(late)
    if (hufu.hasEnded) throw new Error(`Hufu ended while programs were played: ${hufu.log}`)
    return verdicts
  } finally {
    await hufu.stop()
    await rabbitmq.stop()
  }
}

function linesOf(verdict: Verdict, transcripts: boolean): string[] {
  const { program, different, expected, hufu, rabbitmq } = verdict
  const seen = transcripts ? [...hufu.lines, ...rabbitmq.lines.map((line) => `R ${line}`)] : []
  const complaints = [hufu.complaints, rabbitmq.complaints].filter(Boolean)
  if (different.length === 0) {
    const note = expected.length > 0 ? `, but for: ${[...new Set(expected)].join('; ')}` : ''
    return [`same  ${program}${note}`, ...seen]
  }
  const shown = different.flatMap(({ line, hufu, rabbitmq }) => {
    return [`  line ${line}`, `    Hufu:     ${hufu}`, `    RabbitMQ: ${rabbitmq}`]
  })
  return [`DIFF  ${program}`, ...shown, ...complaints, ...seen]
}

function report({ programs, skipped }: Choice, verdicts: Verdict[], json: boolean): number {
  const different = verdicts.filter((verdict) => verdict.different.length > 0)
  const same = verdicts.length - different.length
  const object = {
    programs: programs.length,
    same,
    different: different.map(({ program, different }) => ({ program, different })),
    skipped,
  }
  if (json) process.stdout.write(`${JSON.stringify(object)}\n`)
  else {
    const end = `${same} same, ${different.length} different, ${skipped.length} skipped`
    process.stdout.write(`${programs.length} programs: ${end}\n`)
  }
  return different.length > 0 ? 1 : 0
}

function complain(text: string): void {
  process.stderr.write(`${text}\n`)
}

function print(text: string, exitCode: number): number {
  process.stdout.write(text)
  return exitCode
}

/** Why it ended early, and the exit code for that. */
function failed(error: unknown, json: boolean): number {
  const { message, stack } = error as Error
  const missing = error instanceof ServiceMissing
  const usage = error instanceof UsageError
  complain(missing || usage ? `interop: ${message}` : `interop: ${stack}`)
  if (json) process.stdout.write(`${JSON.stringify({ error: message })}\n`)
  return usage ? 2 : missing ? 3 : 1
}

const args = process.argv.slice(2)
process.exitCode = await main(args).catch((error) => failed(error, args.includes('--json')))
