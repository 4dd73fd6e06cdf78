import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Participant } from 'hufu'
import { runSql } from '../../../tools/services/sql.ts'
import { median, rounded } from '../statistics.ts'
import type { Order } from './contestant.ts'
import { startEntrant } from './entrant.ts'
import { openSaga } from './hufu-contestant.ts'
import { type Driven, drive } from './load.ts'
import type { SagaOptions } from './options.ts'

interface Recovery {
  readonly url: string
  readonly folder: string
  readonly options: SagaOptions
  readonly say: (text: string) => void
}

const CALLERS = 32

/** Of a row, besides its id. */
const COPIED = `kind, name, hash, input, headers, status, state, due_at, owner, created_at,
  updated_at, finished_at`

const DIGITS = Array.from({ length: 10 }, (_, n) => `SELECT ${n} AS n`).join(' UNION ALL ')

/**
 * A table as a crash leaves it: many finished rows, many whose coordinator is gone in the middle of
 * its calls. How long until a new coordinator has finished them, and what do new sagas see of it?
 */
export async function recover({ url, folder, options, say }: Recovery): Promise<object> {
  const { finished, pending, seconds } = options
  await makeRows(url, folder, finished, pending)
  say(`${finished} finished and ${pending} pending rows are there`)
  const started = performance.now()
  const given = { url, folder: join(folder, 'broker'), participants: 0 }
  const entrant = await startEntrant({ name: 'hufu', ...given })
  try {
    const opened = (performance.now() - started) / 1_000
    const meanwhile: Driven[] = []
    while ((await pendingOf(url)) > 0) {
      const prefix = `during${meanwhile.length}-`
      meanwhile.push(await drive({ entrant, callers: CALLERS, seconds: 0.5, prefix }))
    }
    const recovered = (performance.now() - started) / 1_000
    const after = await drive({ entrant, callers: CALLERS, seconds, prefix: 'after' })
    const result = {
      ...{ finished, pending, openedSeconds: rounded(opened), recoverySeconds: rounded(recovered) },
      recoveredPerSecond: Math.round(pending / recovered),
      ...{ callers: CALLERS, meanwhile: scoreOf(meanwhile), after: scoreOf([after]) },
    }
    say(JSON.stringify(result))
    return result
  } finally {
    await entrant.end()
  }
}

function scoreOf(driven: readonly Driven[]) {
  const sum = (of: (each: Driven) => number) => driven.reduce((all, each) => all + of(each), 0)
  return {
    perSecond: Math.round(sum(({ sagas }) => sagas) / sum(({ seconds }) => seconds)),
    p50: median(driven.map(({ p50 }) => p50)),
    p99: Math.max(...driven.map(({ p99 }) => p99)),
  }
}

/** One row of each sort is made by the library itself, the others are copies of them. */
async function makeRows(url: string, folder: string, finished: number, pending: number) {
  const reached = Promise.withResolvers<void>()
  const participant: Participant<Order> = {
    kind: 'local',
    async call({ id, branch }) {
      if (id === 't-finished' || branch === 'out') return undefined
      reached.resolve()
      return new Promise(() => {})
    },
  }
  const { service, saga } = await openSaga(url, join(folder, 'before'), participant)
  await saga.run({ id: 't-finished', cents: 100 }, { id: 't-finished' })
  await saga.begin({ id: 't-pending', cents: 100 }, { id: 't-pending' })
  await reached.promise
  await service.stop({ drainMs: 0 })
  await copy(url, 't-finished', 'f', finished)
  await copy(url, 't-pending', 'p', pending)
  if (url.startsWith('postgres')) await runSql(url, 'VACUUM ANALYZE hufu_transactions')
}

async function copy(url: string, template: string, prefix: string, count: number): Promise<void> {
  const places = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000].filter((each) => each < count)
  const number = places.map((each) => `d${each}.n * ${each}`).join(' + ') || '0'
  const joined = places.map((each) => `CROSS JOIN (${DIGITS}) d${each}`).join(' ')
  const id = url.startsWith('m') ? `CONCAT('${prefix}', ${number})` : `'${prefix}' || (${number})`
  await ask(
    url,
    `INSERT INTO hufu_transactions (id, ${COPIED}) SELECT ${id}, ${COPIED}
      FROM hufu_transactions t ${joined} WHERE t.id = '${template}' AND ${number} < ${count}`,
  )
}

async function pendingOf(url: string): Promise<number> {
  const where = "finished_at IS NULL AND id >= 'p' AND id < 'q'"
  const rows = await ask(url, `SELECT COUNT(*) AS n FROM hufu_transactions WHERE ${where}`)
  return Number(rows[0]!.n)
}

async function ask(url: string, sql: string): Promise<readonly Record<string, unknown>[]> {
  if (url.includes('://')) return runSql(url, sql)
  const db = new DatabaseSync(url, { timeout: 10_000 })
  try {
    return db.prepare(sql).all()
  } finally {
    db.close()
  }
}
