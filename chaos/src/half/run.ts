import { setTimeout as sleep } from 'node:timers/promises'
import type { Cleanup } from '../run/cleanup.ts'
import { complain } from '../run/tally.ts'
import { check, type Verdict } from './check.ts'
import { filesIn } from './files.ts'
import type { HalfOptions } from './options.ts'
import { type Death, deathsOf, kindsOf } from './plan.ts'
import { LifeProcess } from './process.ts'
import { quietTime } from './quiet.ts'

/** After so many lives, and after the last one killed, a time with no producer. */
const QUIET_EVERY = 10

/** The last life has so long to bring all to an end, ms; the machine may be busy. */
const LAST_MS_MAX = 300_000

export interface Outcome extends Verdict {
  /** Undecided transactions of which no asking was used up while no producer was there. */
  readonly watched: number
}

/** Lives that are killed, one that brings all to its end, and the verdict. `dir` is empty. */
export async function runHalf(
  options: HalfOptions,
  dir: string,
  cleanup: Cleanup,
): Promise<Outcome> {
  const { seed, messages, kills } = options
  const files = filesIn(dir)
  const problems: string[] = []
  let watched = 0
  for (const [life, death] of deathsOf(seed, messages, kills).entries()) {
    await liveAndDie(
      new LifeProcess({ ...death, dir, seed, messages, isLast: false }, cleanup),
      death,
    )
    if ((life + 1) % QUIET_EVERY !== 0 && life + 1 !== kills) continue
    const quiet = await quietTime(files.broker, life)
    problems.push(...quiet.problems)
    watched += quiet.watched
    complain(`${life + 1} of ${kills} kills`)
  }
  await finish(new LifeProcess({ dir, seed, messages, upTo: messages, isLast: true }, cleanup))
  const verdict = await check(files, kindsOf(seed, messages))
  verdict.problems.push(...problems)
  return { ...verdict, watched }
}

/** Ends at its point, or by a kill from outside; throws when the process ended in another way. */
async function liveAndDie(life: LifeProcess, { early, delayMs, at }: Death): Promise<void> {
  if (!early) await life.ready
  if (at === undefined) await sleep(delayMs)
  else await life.endsWithin(delayMs)
  const end = await life.kill()
  if (end !== 'SIGKILL') throw new Error(`Running a life: it ended with ${end}\n${life.tail}`)
}

async function finish(life: LifeProcess): Promise<void> {
  await life.endsWithin(LAST_MS_MAX)
  const end = await life.kill()
  if (end === 0) return
  const what = end === 'SIGKILL' ? `was not done in ${LAST_MS_MAX / 1_000} s` : `ended with ${end}`
  throw new Error(`Running the last life: it ${what}\n${life.tail}`)
}
