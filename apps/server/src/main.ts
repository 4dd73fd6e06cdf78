import { parseArgs } from 'node:util'
import { help, helpOf, helpOfGroup } from './help.ts'
import type { Call, Report, Verb } from './verb.ts'
import { CannotRunError, NotDoneError, UsageError } from './verb.ts'
import { VERBS } from './verbs.ts'

/** Options that every verb understands. */
const FOR_ALL = ['--json', '--help', '-h']

/** Where the command writes, a line at a time. */
interface Output {
  out(line: string): void
  err(line: string): void
}

/** Runs the command in this process: writes to its streams and sets its exit code. */
export async function main(args: readonly string[]): Promise<void> {
  process.exitCode = await run(args, { out: console.log, err: console.error })
}

/** Runs the command; gives its exit code: 0 holds, 1 does not, 2 usage, 3 cannot run here. */
export async function run(
  args: readonly string[],
  output: Output,
  verbs: readonly Verb[] = VERBS,
): Promise<number> {
  const json = args.includes('--json')
  try {
    const report = await answer(args, output, verbs)
    if (json) output.err(report.text)
    output.out(json ? JSON.stringify(report.json) : report.text)
    return report.holds ? 0 : 1
  } catch (error) {
    if (!isTold(error)) throw error
    output.err(error.message)
    if (json) output.out(JSON.stringify(fieldsOf(error)))
    return error instanceof NotDoneError ? 1 : error instanceof UsageError ? 2 : 3
  }
}

type Told = UsageError | CannotRunError | NotDoneError

function isTold(error: unknown): error is Told {
  return [UsageError, CannotRunError, NotDoneError].some((each) => error instanceof each)
}

function fieldsOf(error: Told): object {
  if (error instanceof CannotRunError) return { skipped: error.message }
  return { error: error.message, ...(error instanceof NotDoneError && error.fields) }
}

async function answer(
  args: readonly string[],
  output: Output,
  verbs: readonly Verb[],
): Promise<Report> {
  const words = args.filter((arg) => !FOR_ALL.includes(arg))
  const [first, second] = words
  const name = first === '--version' ? 'version' : first
  const verb = findVerb(verbs, name, second)
  const group = verb === undefined ? groupOf(verbs, name) : []
  const asksHelp = args.includes('--help') || args.includes('-h')
  if (name === 'help' && !verb) return helpOn(words.slice(1), verbs)
  if (name === undefined && !asksHelp) throw new UsageError(noVerb(args, verbs))
  if (asksHelp && (verb || group.length > 0 || name === undefined)) {
    return helpOn(verb ? verb.name.split(' ') : words.slice(0, 1), verbs)
  }
  if (verb) return verb.run(parse(verb, words.slice(verb.name.split(' ').length), output))
  if (group.length === 0) throw noSuchVerb(name!)
  if (second === undefined) throw new UsageError(helpOfGroup(name!, group))
  throw new UsageError(`Cannot run 'hufu ${name} ${second}': no such verb; see hufu ${name} --help`)
}

function findVerb(verbs: readonly Verb[], first: string | undefined, second: string | undefined) {
  const named = (name: string) => verbs.find((each) => each.name === name)
  return first === undefined ? undefined : (named(first) ?? named(`${first} ${second}`))
}

/** The verbs whose first word it is, and not their only one. */
function groupOf(verbs: readonly Verb[], name: string | undefined): readonly Verb[] {
  return verbs.filter((each) => each.name.startsWith(`${name} `))
}

function noSuchVerb(name: string): UsageError {
  return new UsageError(`Cannot run 'hufu ${name}': no such verb; see hufu --help`)
}

/** `hufu help`, `hufu help VERB`. */
function helpOn([name, second]: readonly string[], verbs: readonly Verb[]): Report {
  const verb = findVerb(verbs, name, second)
  const group = groupOf(verbs, name)
  if (name !== undefined && !verb && group.length === 0) throw noSuchVerb(`help ${name}`)
  const text = verb ? helpOf(verb) : name === undefined ? help(verbs) : helpOfGroup(name, group)
  return { holds: true, text, json: { help: text } }
}

/** A person gets the help, a program one line. */
function noVerb(args: readonly string[], verbs: readonly Verb[]): string {
  const json = args.includes('--json')
  return json ? "Cannot run 'hufu': no verb is given; see hufu --help" : help(verbs)
}

/** The part of Node's message that says what is wrong; its advice after that is for other cases. */
function causeOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  return text.split('. To specify')[0]!
}

function parse(verb: Verb, rest: readonly string[], output: Output): Call {
  try {
    const { options } = verb
    const parsed = parseArgs({ args: [...rest], options, allowPositionals: true })
    if (parsed.positionals.length === verb.args.length) {
      const given = parsed.values as Call['options']
      return { args: parsed.positionals, options: given, say: output.err }
    }
  } catch (error) {
    throw new UsageError(`Cannot run 'hufu ${verb.name}': ${causeOf(error)}`, { cause: error })
  }
  const wanted = `${verb.args.length} argument${verb.args.length === 1 ? '' : 's'}`
  throw new UsageError(`Cannot run 'hufu ${verb.name}': it takes ${wanted}\n${helpOf(verb)}`)
}
