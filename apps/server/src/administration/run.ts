import { nodeOs } from '@hufu/os'
import { readDataFolder } from '../serve/settings.ts'
import { StopSignals } from '../serve/stop-signals.ts'
import type { Call, Report } from '../verb.ts'
import { NotDoneError, UsageError } from '../verb.ts'
import type { AdminVerb } from './admin-verb.ts'
import type { Administrator } from './administrator.ts'
import { RefusedError } from './answer.ts'
import { printable } from './printable.ts'
import { reach } from './reach.ts'

/** Does what a verb asks for, in the server that has the data folder open, or without one. */
export async function run<R extends object>(verb: AdminVerb<R>, call: Call): Promise<Report> {
  const { data, config, yes } = call.options
  const dir = readDataFolder({ data, config }, process.env)
  if (verb.destructive && yes !== true) {
    throw new UsageError(`Cannot run 'hufu ${verb.name}': it cannot be undone; add --yes`)
  }
  const input = await verb.input(call)
  const administrator = await reach(dir, call.say)
  const { through } = administrator
  try {
    const result = (await operate(administrator, verb, input, call)) as R
    if (through === 'folder') call.say(`No server has ${dir} open: it was opened for this`)
    return {
      holds: verb.holds?.(result) ?? true,
      text: printable(verb.show(result, call)),
      json: { through, ...result },
    }
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error
    throw new NotDoneError(printable(error.message), { reason: error.reason, through }, error)
  } finally {
    await administrator.close()
  }
}

/** The first signal lets a long operation end in order, a second one ends the process. */
async function operate<R extends object>(
  administrator: Administrator,
  verb: AdminVerb<R>,
  input: object,
  { say }: Call,
): Promise<object> {
  const stop = new AbortController()
  const watch = {
    progress: (of: object) => say(verb.progress?.(of) ?? ''),
    signal: stop.signal,
  }
  if (verb.progress === undefined) return administrator.call(verb.operation, input, watch)
  const signals = new StopSignals(nodeOs.clock, () => process.exit(1))
  signals.first.then(() => {
    say('Stopping: what is under way is ended first')
    stop.abort()
  })
  try {
    return await administrator.call(verb.operation, input, watch)
  } finally {
    signals.close()
  }
}
