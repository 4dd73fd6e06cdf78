import { median, rounded } from '../statistics.ts'
import type { Case } from './cases.ts'
import type { Child } from './child.ts'
import type { Contender, ContenderName } from './contender.ts'
import type { Driven, Load, Percentiles } from './load.ts'

/** A contender with the address of its server. */
export interface Entrant extends Contender {
  readonly url: string
  readonly pid: number
}

/** Medians over the rounds. */
export interface Score extends Driven {
  /** Of Hufu's messages per second for one of its own, and the same of processor time. */
  readonly ratio?: number
  readonly cpuRatio?: number
}

export interface Compared {
  readonly case: string
  readonly scores: Partial<Record<ContenderName, Score>>
}

interface Match {
  readonly driver: Child
  /** Hufu first. */
  readonly entrants: readonly Entrant[]
  readonly rounds: number
  readonly seconds: number
}

/** All entrants under one load, in turn, round after round. */
export async function compare(wanted: Case, match: Match): Promise<Compared> {
  const { group: _, name, ...load } = wanted
  const entrants = match.entrants.filter(({ transient }) => transient || load.persistent)
  const driven = new Map<ContenderName, Driven[]>(entrants.map((each) => [each.name, []]))
  for (let n = 0; n < match.rounds; n++) {
    for (const { url, pid, queueArguments, name } of entrants) {
      const whole: Load = { ...load, url, pid, queueArguments, seconds: match.seconds }
      driven.get(name)!.push((await match.driver.ask<{ driven: Driven }>(whole)).driven)
    }
  }
  const ours = driven.get('hufu') ?? []
  const scores = entrants.map(({ name }) => [name, scoreOf(driven.get(name)!, ours)] as const)
  return { case: name, scores: Object.fromEntries(scores) }
}

function scoreOf(theirs: readonly Driven[], ours: readonly Driven[]): Score {
  const middle = (of: (each: Driven) => number, digits = 2) =>
    rounded(median(theirs.map(of)), digits)
  const times = (of: (each: Driven) => Percentiles | undefined) => ({
    p50: middle((each) => of(each)!.p50),
    p99: middle((each) => of(each)!.p99),
  })
  const ratio = (of: (one: Driven, other: Driven) => number) =>
    rounded(median(ours.map((our, at) => of(our, theirs[at]!))))
  return {
    perSecond: middle((each) => each.perSecond, 0),
    serverUs: middle((each) => each.serverUs),
    driverUs: middle((each) => each.driverUs),
    ...(theirs[0]?.confirm && { confirm: times((each) => each.confirm) }),
    ...(theirs[0]?.endToEnd && { endToEnd: times((each) => each.endToEnd) }),
    ...(theirs !== ours && {
      ratio: ratio((our, their) => our.perSecond / their.perSecond),
      cpuRatio: ratio((our, their) => their.serverUs / our.serverUs),
    }),
  }
}

export function linesOf({ case: name, scores }: Compared): string {
  const lines = Object.entries(scores).map(([contender, score]) => {
    const { perSecond, serverUs, driverUs, confirm, endToEnd, ratio, cpuRatio } = score
    const words = [
      `${perSecond}/s`.padStart(11),
      ratio === undefined ? '' : `Hufu ${ratio}×, in CPU ${cpuRatio}×`,
      `µs of CPU ${serverUs} (driver ${driverUs})`,
      confirm ? `confirm p50 ${confirm.p50}, p99 ${confirm.p99} ms` : '',
      endToEnd ? `end to end p50 ${endToEnd.p50}, p99 ${endToEnd.p99} ms` : '',
    ]
    return `  ${contender.padEnd(10)} ${words.filter((word) => word !== '').join('; ')}`
  })
  return [name, ...lines].join('\n')
}
