import type { Findings } from '../check/findings.ts'
import type { Pattern } from '../options.ts'
import type { Hit, RunState } from '../run/supervisor.ts'
import { number } from './progress-line.ts'

/** Parked work and kills listed one by one; the others are counted. */
const LISTED = 10

export interface Outcome {
  readonly pattern: Pattern
  readonly found: Findings
  readonly run: RunState
  readonly seconds: number
  /** Why the run broke off; undefined: it came to its end. */
  readonly failure: string | undefined
}

/** The object of `--json`, with the fields that the project promises. */
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
    ...(failure !== undefined && { error: failure }),
  }
}

/** What happened, for a person. */
export function summaryOf(outcome: Outcome): string {
  const { found, failure } = outcome
  const parts = [
    '',
    ...rowsOf(outcome).map(([name, text]) => `  ${name.padEnd(10)}${text}`),
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

function killsText({ hits, restartMs }: RunState): string {
  const during = (what: Hit['during']) => hits.filter((hit) => hit.during === what).length
  const names = [
    ['work', 'at work'],
    ['half', 'between half message and local transaction'],
    ['commit', 'between its commit and the second word'],
    ['drain', 'after the last order'],
    ['start', 'while starting'],
    ['idle', 'with nothing left to do'],
  ] as const
  const what = names.flatMap(([key, name]) => (during(key) > 0 ? [`${during(key)} ${name}`] : []))
  const open = Math.max(0, ...hits.map((hit) => hit.open))
  const starts = restartMs.toSorted((a, b) => a - b)
  const start = ((starts[starts.length >> 1] ?? 0) / 1_000).toFixed(1)
  if (hits.length === 0) return 'none'
  const most = open > 0 ? `; up to ${number(open)} orders under way` : ''
  return `${hits.length} with kill -9: ${what.join(', ')}${most}; ready again in ${start} s`
}

function listed(title: string, count: number, lines: readonly string[]): string[] {
  if (count === 0) return []
  const shown = lines.slice(0, LISTED * 2)
  const rest = count - shown.length
  const more = rest > 0 ? [`  … and ${number(rest)} more`] : []
  return ['', `${title}:`, ...shown.map((line) => `  ${line}`), ...more]
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
