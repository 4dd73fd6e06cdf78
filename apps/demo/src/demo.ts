import { setTimeout as sleep } from 'node:timers/promises'
import { check } from './check/check.ts'
import { Findings } from './check/findings.ts'
import { dataFolder } from './data-folder.ts'
import { unreachableOrders } from './input/generator.ts'
import type { Source } from './input/source.ts'
import { spool } from './input/spool.ts'
import type { DemoOptions } from './options.ts'
import { UsageError } from './options.ts'
import { CRASH_POINTS } from './run/crash-points.ts'
import type { Crew } from './run/crew.ts'
import { crewOf } from './run/crew.ts'
import { killsWarning } from './run/estimate.ts'
import { GivenBroker } from './run/given-broker.ts'
import { killPlan } from './run/kill-plan.ts'
import { RunFailedError } from './run/run-failed.ts'
import { Supervisor } from './run/supervisor.ts'
import type { Screen } from './view/progress-line.ts'
import { ProgressLine } from './view/progress-line.ts'
import type { Outcome } from './view/summary.ts'

/** So long the first process waits for the input to be complete, ms. */
const SPOOL_MS = 500

/** What a run has, beside its options. */
interface Stage {
  readonly source: Source
  readonly screen: Screen
  readonly dir: string
  readonly interrupt: AbortSignal
  /** The broker that was given; undefined: the run has its own. */
  readonly given: GivenBroker | undefined
}

/** The whole job: run, kill, check. `interrupt` ends it early, with its reason as the error. */
export async function runDemo(
  options: DemoOptions,
  source: Source,
  screen: Screen,
  interrupt: AbortSignal,
): Promise<Outcome> {
  const startedAt = performance.now()
  const { broker } = options
  const given = broker.kind === 'given' ? new GivenBroker(broker.url) : undefined
  await given?.mustAnswer()
  const folder = await dataFolder(options.data)
  let keep = true
  try {
    const stage = { source, screen, dir: folder.path, interrupt, given }
    const { run, failure } = await supervise(options, stage).finally(() => leave(given, screen))
    const end = await verdict(folder.path, failure)
    keep = !end.found.consistent || end.failure !== undefined
    return {
      ...end,
      pattern: options.pattern,
      run,
      seconds: (performance.now() - startedAt) / 1_000,
    }
  } catch (error) {
    keep = !(interrupt.aborted || error instanceof UsageError)
    throw error
  } finally {
    if (keep || options.data !== undefined) screen.write(`The files are in ${folder.path}\n`)
    else await folder.remove()
  }
}

async function supervise(options: DemoOptions, stage: Stage) {
  const { source, screen, dir, interrupt, given } = stage
  const { kills } = options
  const crew = crewOf(options.broker, given?.prefix)
  screen.write(`${crewText(crew, given)}\n`)
  const broken = new AbortController()
  const line = new ProgressLine(screen, kills)
  const spooled = { lines: 0, complete: false }
  const over = new AbortController()
  const spooling = spool(source, dir, spooled, over.signal).catch((error: Error) => {
    const known = error instanceof UsageError
    broken.abort(known ? error : new RunFailedError(`Storing the orders: ${error.message}`))
  })
  const supervisor = new Supervisor({
    ...partsOf(options, crew),
    dir,
    spooled,
    whyStalled: async () => given?.whyNoAnswer(),
    signal: AbortSignal.any([interrupt, broken.signal]),
    watch: (run) => line.show(run),
  })
  try {
    // As a rule all of the input is there by then, and the pace is right from the start.
    await Promise.race([spooling, sleep(SPOOL_MS, undefined, { ref: false })])
    const warning = spooled.complete ? killsWarning(kills, spooled.lines) : undefined
    if (warning !== undefined) screen.write(`${warning}\n`)
    await supervisor.run()
    await spooling
    return { run: supervisor.state, failure: undefined }
  } catch (error) {
    if (!(error instanceof RunFailedError)) throw error
    return { run: supervisor.state, failure: error.message }
  } finally {
    over.abort()
    line.clear()
  }
}

/** What of the supervisor's options the user's options say. */
function partsOf({ pattern, seed, kills, rate, stall, orders, count }: DemoOptions, crew: Crew) {
  const points = pattern === 'transactional-message' ? CRASH_POINTS : []
  return {
    crew,
    pattern,
    seed,
    rate,
    stallMs: stall * 1_000,
    plan: killPlan(seed, kills, crew.names, points),
    unreachable: orders === undefined ? unreachableOrders(seed, count) : [],
  }
}

function crewText({ names }: Crew, given: GivenBroker | undefined): string {
  const processes = `${names.length} process${names.length > 1 ? 'es' : ''}: ${names.join(', ')}`
  if (given === undefined) return processes
  const { shownUrl, prefix } = given
  const broker = `the broker ${shownUrl} is not this run's own and is not killed`
  return `${processes}; ${broker}; in queues ${prefix}/…`
}

/** What is left in somebody else's broker is said, so that it can be removed by hand. */
async function leave(given: GivenBroker | undefined, screen: Screen): Promise<void> {
  const problem = await given?.remove()
  if (problem !== undefined) screen.write(`${problem}\n`)
}

/** After a run that broke off the checker may find nothing that it can read. */
async function verdict(dir: string, failure: string | undefined) {
  try {
    return { found: await check(dir, failure === undefined), failure }
  } catch (error) {
    const text = `Checking ${dir}: ${(error as Error).message}`
    return { found: new Findings(), failure: failure === undefined ? text : `${failure}\n${text}` }
  }
}
