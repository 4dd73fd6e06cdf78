import { join } from 'node:path'
import { median, rounded } from '../statistics.ts'
import { CONTESTANTS, type ContestantName } from './contestant.ts'
import type { Database } from './database.ts'
import { type Driven, drive } from './load.ts'
import type { SagaOptions } from './options.ts'
import { Worker } from './workers.ts'

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

export interface Compared {
  readonly callers: number
  readonly hufu: Score
  readonly statements: Score
  /** Sagas per second of Hufu for one of the other, median over the rounds. */
  readonly ratio: number
  /** The same of the processor time that all processes together need for a saga. */
  readonly cpuRatio: number
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
  readonly say: (text: string) => void
}

/** Both coordinators on one database server, in turn, with more and more callers. */
export async function duel({ database, folder, participants, options, say }: Duel) {
  const started = CONTESTANTS.map((name) => {
    const given = { name, url: urlOf(database, name), folder: join(folder, `broker-${name}`) }
    const start = { ...given, participants: participants?.port ?? 0 }
    return Worker.start('coordinator-worker.ts', start)
  })
  const settled = await Promise.allSettled(started)
  try {
    const workers = await Promise.all(started)
    const of = (name: ContestantName) => workers[CONTESTANTS.indexOf(name)]!
    const place = { database, participants }
    for (const name of CONTESTANTS) await round(of(name), place, WARM)
    const compared: Compared[] = []
    for (const callers of options.callers) {
      compared.push(await compare(of, place, callers, options))
      say(lineOf(compared.at(-1)!))
    }
    return compared
  } finally {
    for (const each of settled) if (each.status === 'fulfilled') await each.value.end()
  }
}

async function compare(
  of: (name: ContestantName) => Worker,
  place: Place,
  callers: number,
  { rounds, seconds }: SagaOptions,
): Promise<Compared> {
  const hufu: Round[] = []
  const statements: Round[] = []
  for (let n = 0; n < rounds; n++) {
    hufu.push(await round(of('hufu'), place, { callers, seconds }))
    statements.push(await round(of('statements'), place, { callers, seconds }))
  }
  const ratioOf = (cost: (round: Round) => number) =>
    rounded(median(hufu.map((each, at) => cost(statements[at]!) / cost(each))))
  return {
    ...{ callers, hufu: scoreOf(hufu), statements: scoreOf(statements) },
    ratio: ratioOf((each) => 1 / rate(each)),
    cpuRatio: ratioOf(({ cpuUs, databaseUs, othersUs }) => cpuUs + databaseUs + othersUs),
  }
}

let rounds = 0

async function round(
  worker: Worker,
  place: Place,
  load: { callers: number; seconds: number },
): Promise<Round> {
  const before = await usageOf(worker, place)
  const driven = await drive({ ...load, port: worker.port, prefix: `r${++rounds}-` })
  const after = await usageOf(worker, place)
  const perSaga = (name: keyof typeof before) => (after[name] - before[name]) / driven.sagas
  return {
    ...driven,
    commitsPerSaga: perSaga('commits'),
    cpuUs: perSaga('cpuUs'),
    databaseUs: perSaga('databaseUs'),
    othersUs: perSaga('othersUs'),
  }
}

async function usageOf(worker: Worker, { database, participants }: Place) {
  const participantsUs = (await participants?.usage())?.cpuUs ?? 0
  const { user, system } = process.cpuUsage()
  const othersUs = participantsUs + user + system
  return { ...(await worker.usage()), databaseUs: database.cpuUs(), othersUs }
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

function lineOf({ callers, hufu, statements, ratio, cpuRatio }: Compared): string {
  const words = ({ perSecond, p50, p99, commitsPerSaga, ...cpu }: Score) =>
    `${perSecond}/s, p50 ${p50}, p99 ${p99} ms, ${commitsPerSaga} commits per saga, ` +
    `µs of CPU: ${cpu.cpuUs} coordinator, ${cpu.databaseUs} database, ${cpu.othersUs} others`
  return (
    `${callers} at a time: ${words(hufu)}\n  per statement: ${words(statements)}\n` +
    `  ratio ${ratio}, in CPU ${cpuRatio}`
  )
}
