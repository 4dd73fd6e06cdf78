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
}

/** What one coordinator did with so many callers: medians over the rounds. */
export interface Score {
  readonly perSecond: number
  readonly p50: number
  readonly p99: number
  readonly commitsPerSaga: number
  readonly cpuUs: number
  readonly databaseUs: number
}

export interface Compared {
  readonly callers: number
  readonly hufu: Score
  readonly statements: Score
  /** Sagas per second of Hufu for one of the other, median over the rounds. */
  readonly ratio: number
}

const WARM = { callers: 64, seconds: 1.5 }

interface Duel {
  readonly database: Database
  readonly folder: string
  /** Port of the participants; 0: functions. */
  readonly participants: number
  readonly options: SagaOptions
  readonly say: (text: string) => void
}

/** Both coordinators on one database, in turn, with more and more callers. */
export async function duel({ database, folder, participants, options, say }: Duel) {
  const started = CONTESTANTS.map((name) =>
    Worker.start('coordinator-worker.ts', {
      ...{ name, url: database.url, folder: join(folder, `broker-${name}`), participants },
    }),
  )
  const settled = await Promise.allSettled(started)
  try {
    const workers = await Promise.all(started)
    const of = (name: ContestantName) => workers[CONTESTANTS.indexOf(name)]!
    for (const name of CONTESTANTS) await round(of(name), database, WARM)
    const compared: Compared[] = []
    for (const callers of options.callers) {
      compared.push(await compare(of, database, callers, options))
      say(lineOf(compared.at(-1)!))
    }
    return compared
  } finally {
    for (const each of settled) if (each.status === 'fulfilled') await each.value.end()
  }
}

async function compare(
  of: (name: ContestantName) => Worker,
  database: Database,
  callers: number,
  { rounds, seconds }: SagaOptions,
): Promise<Compared> {
  const hufu: Round[] = []
  const statements: Round[] = []
  for (let n = 0; n < rounds; n++) {
    hufu.push(await round(of('hufu'), database, { callers, seconds }))
    statements.push(await round(of('statements'), database, { callers, seconds }))
  }
  const ratios = hufu.map((each, at) => rate(each) / rate(statements[at]!))
  return {
    ...{ callers, hufu: scoreOf(hufu), statements: scoreOf(statements) },
    ratio: rounded(median(ratios)),
  }
}

let rounds = 0

async function round(
  worker: Worker,
  database: Database,
  load: { callers: number; seconds: number },
): Promise<Round> {
  const before = await worker.usage()
  const databaseBefore = database.cpuUs()
  const driven = await drive({ ...load, port: worker.port, prefix: `r${++rounds}-` })
  const databaseUs = database.cpuUs() - databaseBefore
  const after = await worker.usage()
  return {
    ...driven,
    commitsPerSaga: (after.commits - before.commits) / driven.sagas,
    cpuUs: (after.cpuUs - before.cpuUs) / driven.sagas,
    databaseUs: databaseUs / driven.sagas,
  }
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
  }
}

function rate({ sagas, seconds }: Round): number {
  return sagas / seconds
}

function lineOf({ callers, hufu, statements, ratio }: Compared): string {
  const words = ({ perSecond, p50, p99, commitsPerSaga, cpuUs, databaseUs }: Score) =>
    `${perSecond}/s, p50 ${p50}, p99 ${p99} ms, ${commitsPerSaga} commits per saga, ` +
    `${cpuUs} + ${databaseUs} µs of CPU`
  return `${callers} at a time: ${words(hufu)}; per statement ${words(statements)}; ratio ${ratio}`
}
