import type { Findings } from '../check/findings.ts'
import type { Pattern } from '../options.ts'
import type { RunState } from '../run/run-state.ts'
import { killsByProcess, killsText, killsTimed } from './kills.ts'
import { listed } from './listed.ts'
import { number } from './progress-line.ts'

export interface Outcome {
  readonly pattern: Pattern
  readonly found: Findings
  readonly run: RunState
  readonly seconds: number
  /** Why the run broke off; undefined: it came to its end. */
  readonly failure: string | undefined
}

/** The object of `--json`. `processes`: how often each was killed. */
export function jsonOf({ found, run, seconds, failure }: Outcome): object {
  const { orders, placed, repeated, rejected, lost, duplicated, outOfOrder } = found
  const { openReceipts, parked, consistent } = found
  return {
    orders,
    placed,
    repeated,
    rejected,
    kills: run.hits.length,
    lost,
    duplicated,
    outOfOrder,
    openReceipts,
    parked,
    consistent: consistent && failure === undefined,
    seconds: Math.round(seconds * 10) / 10,
    processes: killsByProcess(run),
    ...(failure !== undefined && { error: failure }),
  }
}

/** What happened, for a person. */
export function summaryOf(outcome: Outcome): string {
  const { found, run, failure } = outcome
  const parts = [
    '',
    ...rowsOf(outcome).map(([name, text]) => `  ${name.padEnd(10)}${text}`),
    ...listed('Killed', run.hits.length, killsTimed(run)),
    ...listed('Rejected lines', found.rejected, found.rejections.map(rejection)),
    ...listed('Parked, waiting for a person', found.parked, found.parkedWork.map(parkedWork)),
    ...listed('What is wrong', problemsOf(found), found.problems),
    ...(failure === undefined ? [] : ['', failure]),
    '',
    verdict(outcome),
  ]
  return parts.join('\n')
}

function rowsOf({ pattern, found, run, seconds }: Outcome): [string, string][] {
  const { effects } = found
  const rejected = found.rejected > 0 ? `, ${number(found.rejected)} rejected` : ''
  const repeats = `${number(found.repeated)} sent again by their client${rejected}`
  const coupons = `${number(effects.couponsUsed)} used, ${number(effects.couponsRefused)} refused`
  return [
    ['Orders', `${number(found.placed)} placed, ${repeats}`],
    ['Points', `${number(effects.points)} bookings, ${number(found.pointsSum)} points`],
    ['Coupons', `${coupons} because another order had used them`],
    ['SMS', `${number(effects.sms)} sent`],
    ['Receipts', `${number(found.placed - openOf(found))} of ${number(found.placed)} closed`],
    ['Kills', killsText(run)],
    ...(pattern === 'outbox' ? [] : [['Asked', askedText(found)] as [string, string]]),
    ['Repeats', `at least ${number(run.repeated)} deliveries came again and took no effect`],
    ['Retries', `at least ${number(run.retried)} failed deliveries were tried again`],
    ['Time', `${seconds.toFixed(1)} s`],
  ]
}

function askedText({ asked: { commit, rollback } }: Findings): string {
  const all = number(commit + rollback)
  const words = `${number(commit)} committed, ${number(rollback)} rolled back`
  return `for ${all} second words that did not come in time; the database said: ${words}`
}

function openOf(found: Findings): number {
  return found.openReceipts + new Set(found.parkedWork.map((work) => work.id)).size
}

function rejection({ line, reason }: Findings['rejections'][number]): string {
  return `line ${line}: ${reason}`
}

function parkedWork({ service, id, cause, detail, attempts }: Findings['parkedWork'][number]) {
  return `${service}, order ${id}: ${cause} after ${attempts} attempts: ${detail}`
}

function problemsOf({ lost, duplicated, outOfOrder, openReceipts, wrong }: Findings): number {
  return lost + duplicated + outOfOrder + openReceipts + wrong
}

function verdict({ found, failure }: Outcome): string {
  const { lost, duplicated, outOfOrder, openReceipts, parked, wrong } = found
  const counts = [
    `${lost} lost`,
    `${duplicated} duplicated`,
    `${outOfOrder} out of order`,
    `${openReceipts} receipts open`,
    ...(wrong > 0 ? [`${wrong} wrong`] : []),
  ].join(', ')
  if (failure !== undefined) return `NOT PROVED: the run broke off; so far ${counts}.`
  if (!found.consistent) return `NOT CONSISTENT: ${counts}.`
  const apart = parked > 0 ? `, ${parked} parked` : ''
  const untried = found.orders > 0 && found.placed === 0
  const only = untried ? ' No line of the input is an order, so nothing was put to the test.' : ''
  return `CONSISTENT: ${counts}${apart}.${only}`
}
