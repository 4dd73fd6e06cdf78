import { tmpdir } from 'node:os'
import type { Bench } from '../bench.ts'
import { syncMs } from '../disk-speed.ts'
import { numberFlag, readFlags } from '../flags.ts'
import { median, rounded } from '../statistics.ts'
import type { Measured } from './saturation.ts'
import { saturate } from './saturation.ts'
import { countStatements } from './statements.ts'
import { steady } from './steady.ts'
import type { Case } from './world.ts'

const CASES: readonly Case[] = ['bare', 'outbox', 'all']
const ROUNDS = 5
const WARM_SECONDS = 0.5
const STEADY_PER_SECOND = 500

interface Options {
  readonly cases: readonly Case[]
  readonly callers: number
  /** Of each case, all rounds together. */
  readonly seconds: number
  readonly dir: string
}

export const outboxBench: Bench = {
  about: 'An order without a message, with one sent, and with one consumed and answered.',
  flags: '[--seconds 10] [--callers 200] [--case NAME] [--dir FOLDER]',
  async run(args, say) {
    const options = readOptions(args)
    say(`One sync of 4 KiB takes ${rounded(syncMs(options.dir), 3)} ms here`)
    const rounds = await interleaved(options, say)
    const cases = []
    for (const kind of options.cases) {
      const perOrder = await counted(kind, options)
      const perSecond = Math.round(median(rounds.get(kind)!.map(rate)))
      const cpuUs = rounded(median(rounds.get(kind)!.map(cpuPerOrder)), 1)
      cases.push({ name: kind, callers: options.callers, perSecond, cpuUs, ...perOrder })
      say(`${kind}: ${perSecond} orders/s, ${cpuUs} µs of CPU, ${JSON.stringify(perOrder)}`)
    }
    const ratios = ratiosOf(rounds, (measured) => 1 / rate(measured))
    const cpuRatios = ratiosOf(rounds, cpuPerOrder)
    say(`Cost, the bare transaction being 1: ${JSON.stringify(ratios)}`)
    say(`The same in processor time: ${JSON.stringify(cpuRatios)}`)
    const even = await steady(options.dir, STEADY_PER_SECOND, options.seconds)
    say(`At ${STEADY_PER_SECOND}/s: ${JSON.stringify(even)}`)
    return {
      cases,
      ratios,
      cpuRatios,
      steady: { ...even, syncMs: rounded(syncMs(options.dir), 3) },
    }
  },
}

function readOptions(args: readonly string[]): Options {
  const flags = readFlags(args, ['seconds', 'callers', 'case', 'dir'])
  const only = CASES.filter((kind) => flags.case === undefined || kind === flags.case)
  return {
    cases: only,
    callers: numberFlag(flags.callers, 'callers', 200, 1, 10_000),
    seconds: numberFlag(flags.seconds, 'seconds', 10, 0.5, 600),
    dir: flags.dir ?? tmpdir(),
  }
}

/** Rounds of all cases in turn, so that a change of the machine's mood meets all of them. */
async function interleaved(options: Options, say: (text: string) => void) {
  const { cases, callers, dir } = options
  const world = { dir, concurrency: callers }
  const rounds = new Map<Case, Measured[]>(cases.map((kind) => [kind, []]))
  for (const kind of cases) await saturate(kind, { callers, seconds: WARM_SECONDS }, world)
  for (let round = 1; round <= ROUNDS; round++) {
    for (const kind of cases) {
      const load = { callers, seconds: options.seconds / ROUNDS }
      rounds.get(kind)!.push(await saturate(kind, load, world))
    }
    const last = (kind: Case) => rounds.get(kind)!.at(-1)!
    const rates = cases.map((kind) => `${kind} ${Math.round(rate(last(kind)))}`)
    const cpu = cases.map((kind) => cpuPerOrder(last(kind)).toFixed(1))
    say(`Round ${round}, orders/s: ${rates.join(', ')}; µs of CPU per order: ${cpu.join(', ')}`)
  }
  return rounds
}

/** Statements and syncs per order, from a short run of its own: counting costs time. */
async function counted(kind: Case, { callers, dir }: Options) {
  const counter = countStatements()
  const load = { callers, seconds: WARM_SECONDS }
  const { orders, brokerGroups } = await saturate(kind, load, { dir, concurrency: callers })
  const { statements, commits } = counter.stop()
  const perOrder = (count: number) => rounded(count / orders, 3)
  return {
    statementsPerOrder: perOrder(statements),
    commitsPerOrder: perOrder(commits),
    brokerSyncsPerOrder: perOrder(brokerGroups),
  }
}

/** Median over the rounds of the cost in relation to the bare transaction of the same round. */
function ratiosOf(
  rounds: ReadonlyMap<Case, readonly Measured[]>,
  cost: (measured: Measured) => number,
) {
  const bare = rounds.get('bare')
  if (!bare) return {}
  const ratio = (kind: Case) => {
    const own = rounds.get(kind)
    return own && rounded(median(own.map((each, at) => cost(each) / cost(bare[at]!))))
  }
  return { outbox: ratio('outbox'), all: ratio('all') }
}

function cpuPerOrder({ orders, cpuUs }: Measured): number {
  return cpuUs / orders
}

function rate({ orders, seconds }: Measured): number {
  return orders / seconds
}
