import { join } from 'node:path'
import { median, rounded } from '../statistics.ts'
import type { ContestantName } from './contestant.ts'
import type { Database } from './database.ts'
import type { DtmProgram } from './dtm/program.ts'
import { DtmServer } from './dtm/server.ts'
import { type Entrant, startEntrant } from './entrant.ts'
import { type Driven, drive } from './load.ts'
import type { SagaOptions } from './options.ts'
import type { Worker } from './workers.ts'

/** One round of one coordinator. */
export interface Round extends Driven {
  readonly commitsPerSaga: number
  /** Of the coordinator's process, µs per saga. */
  readonly cpuUs: number
  /** Of the database server, µs per saga. */
  readonly databaseUs: number
  /** Of participants and load, µs per saga. */
  readonly othersUs: number
}

/** What one coordinator did with so many callers: medians over the rounds. */
export interface Score {
  readonly perSecond: number
  readonly p50: number
  readonly p99: number
  readonly commitsPerSaga: number
  readonly cpuUs: number
  readonly databaseUs: number
  readonly othersUs: number
}

/** Who is measured; `dtm` stores every step, `dtm-default` is dtm as it comes. */
type Name = 'hufu' | 'statements' | 'dtm' | 'dtm-default'
type Entrants = Partial<Record<Name, Entrant>> & { readonly hufu: Entrant }

/** Another coordinator beside Hufu. */
export interface Other extends Score {
  /** Sagas per second of Hufu for one of this, median over the rounds. */
  readonly ratio: number
  /** The same of the processor time that all processes together need for a saga. */
  readonly cpuRatio: number
}

export interface Compared {
  readonly callers: number
  readonly hufu: Score
  readonly others: Readonly<Record<string, Other>>
}

const WARM = { callers: 64, seconds: 1.5 }

interface Place {
  readonly database: Database
  /** Undefined: functions of the coordinator's process. */
  readonly participants: Worker | undefined
}

interface Duel extends Place {
  readonly folder: string
  readonly options: SagaOptions
  /** Undefined: it is not measured. */
  readonly dtm: DtmProgram | undefined
  readonly say: (text: string) => void
}

/**
 * Hufu beside the others on one database server, with more and more callers. dtm comes after the
 * coordinator in SQL has gone: what it leaves for later would be done in the rounds of the others.
 */
export async function duel(given: Duel): Promise<Compared[]> {
  const first = await contest(['hufu', 'statements'], given)
  if (!takesDtm(given)) return first
  const second = await contest(['hufu', 'dtm', 'dtm-default'], given)
  return first.map((each, at) => {
    return { ...each, others: { ...each.others, ...second[at]!.others } }
  })
}

/** dtm calls participants over HTTP only, and keeps no state on SQLite. */
function takesDtm({ database, participants, dtm }: Duel): boolean {
  return dtm !== undefined && participants !== undefined && database.fresh !== undefined
}

async function contest(names: readonly Name[], given: Duel): Promise<Compared[]> {
  const entrants: Partial<Record<Name, Entrant>> = {}
  try {
    for (const name of names) entrants[name] = await enter(name, given)
    const all = entrants as Entrants
    for (const each of Object.values(all)) await round(each, given, WARM)
    const compared: Compared[] = []
    for (const callers of given.options.callers) {
      compared.push(await compare(all, given, callers))
      given.say(lineOf(compared.at(-1)!))
    }
    return compared
  } finally {
    for (const each of Object.values(entrants)) await each.end()
  }
}

async function enter(name: Name, given: Duel): Promise<Entrant> {
  const { database, folder, participants, dtm } = given
  const port = participants?.port ?? 0
  if (name === 'hufu' || name === 'statements') {
    const place = { url: urlOf(database, name), folder: join(folder, `broker-${name}`) }
    return startEntrant({ name, ...place, participants: port })
  }
  const mode = name === 'dtm' ? 'steps' : 'default'
  const url = await database.fresh!()
  return DtmServer.start({ program: dtm!, mode, url, participants: port })
}

async function compare(entrants: Entrants, given: Duel, callers: number): Promise<Compared> {
  const { rounds, seconds } = given.options
  const done = new Map<string, Round[]>(Object.keys(entrants).map((name) => [name, []]))
  for (let n = 0; n < rounds; n++) {
    for (const [name, entrant] of Object.entries(entrants)) {
      done.get(name)!.push(await round(entrant, given, { callers, seconds }))
    }
  }
  const hufu = done.get('hufu')!
  done.delete('hufu')
  const others = Array.from(done, ([name, theirs]) => [name, otherOf(hufu, theirs)])
  return { callers, hufu: scoreOf(hufu), others: Object.fromEntries(others) }
}

function otherOf(hufu: readonly Round[], theirs: readonly Round[]): Other {
  const ratioOf = (cost: (round: Round) => number) =>
    rounded(median(hufu.map((each, at) => cost(theirs[at]!) / cost(each))))
  return {
    ...scoreOf(theirs),
    ratio: ratioOf((each) => 1 / rate(each)),
    cpuRatio: ratioOf(({ cpuUs, databaseUs, othersUs }) => cpuUs + databaseUs + othersUs),
  }
}

let rounds = 0

async function round(
  entrant: Entrant,
  place: Place,
  load: { callers: number; seconds: number },
): Promise<Round> {
  const before = await usageOf(entrant, place)
  const driven = await drive({ ...load, entrant, prefix: `r${++rounds}-` })
  const after = await usageOf(entrant, place)
  const perSaga = (name: keyof typeof before) => (after[name] - before[name]) / driven.sagas
  return {
    ...driven,
    commitsPerSaga: perSaga('commits'),
    cpuUs: perSaga('cpuUs'),
    databaseUs: perSaga('databaseUs'),
    othersUs: perSaga('othersUs'),
  }
}

async function usageOf(entrant: Entrant, { database, participants }: Place) {
  const participantsUs = (await participants?.usage())?.cpuUs ?? 0
  const { user, system } = process.cpuUsage()
  const othersUs = participantsUs + user + system
  return { ...(await entrant.usage()), databaseUs: database.cpuUs(), othersUs }
}

/** On SQLite each has a file of its own: there is one writer at a time. */
function urlOf({ url }: Database, name: ContestantName): string {
  return url.includes('://') ? url : `${url}-${name}`
}

function scoreOf(rounds: readonly Round[]): Score {
  const middle = (of: (round: Round) => number, digits: number) =>
    rounded(median(rounds.map(of)), digits)
  return {
    perSecond: middle(rate, 0),
    p50: middle(({ p50 }) => p50, 2),
    p99: middle(({ p99 }) => p99, 2),
    commitsPerSaga: middle((each) => each.commitsPerSaga, 3),
    cpuUs: middle(({ cpuUs }) => cpuUs, 0),
    databaseUs: middle((each) => each.databaseUs, 0),
    othersUs: middle(({ othersUs }) => othersUs, 0),
  }
}

function rate({ sagas, seconds }: Round): number {
  return sagas / seconds
}

function lineOf({ callers, hufu, others }: Compared): string {
  const words = ({ perSecond, p50, p99, commitsPerSaga, ...cpu }: Score) =>
    `${perSecond}/s, p50 ${p50}, p99 ${p99} ms` +
    (commitsPerSaga > 0 ? `, ${commitsPerSaga} commits per saga` : '') +
    `, µs of CPU: ${cpu.cpuUs} coordinator, ${cpu.databaseUs} database, ${cpu.othersUs} others`
  const lines = Object.entries(others).map(
    ([name, other]) =>
      `  ${name}: ${words(other)}\n    ratio ${other.ratio}, in CPU ${other.cpuRatio}`,
  )
  return [`${callers} at a time: ${words(hufu)}`, ...lines].join('\n')
}
