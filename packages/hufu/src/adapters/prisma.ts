import { HufuError, messageOf } from '../errors.ts'
import { type Dialect, type ForeignResult, ForeignTx } from '../ports/foreign.ts'

export type { ForeignTx } from '../ports/foreign.ts'

/** What an interactive transaction is given: `tx` of `prisma.$transaction(async (tx) => …)`. */
export interface PrismaTx {
  $queryRawUnsafe(sql: string, ...values: unknown[]): PromiseLike<unknown>
  $executeRawUnsafe(sql: string, ...values: unknown[]): PromiseLike<number>
}

const DIALECTS: Readonly<Record<string, Dialect>> = { postgresql: 'postgres', mysql: 'mysql' }

/** Prisma's code for a transaction that has ended. */
const ENDED = 'P2028'

/** Prisma wants to know before whether rows come or a number. */
const GIVES_ROWS = /^\s*SELECT\b|\bRETURNING\b/i

/**
 * An interactive transaction of Prisma (7 or later), for the verbs of a Hufu whose store is in the
 * same database: PostgreSQL, MySQL or MariaDB. The library's statements go through Prisma's raw
 * queries. Errors: `ARGUMENT`, `TRANSACTION_MISSING`; from the verbs `TRANSACTION_OVER` when it has
 * ended.
 */
export function hufuTx(tx: PrismaTx): ForeignTx {
  const { $queryRawUnsafe: raw, $connect: connect, _activeProvider: provider } = partsOf(tx)
  if (typeof raw !== 'function' || connect !== undefined) {
    const text = 'it is no interactive transaction'
    throw new HufuError('TRANSACTION_MISSING', `Using Prisma: ${text}`)
  }
  const dialect = DIALECTS[provider ?? '']
  if (dialect === undefined) {
    const text = `its database is ${provider}, wanted is one of ${Object.keys(DIALECTS).join(', ')}`
    throw new HufuError('ARGUMENT', `Using a transaction of Prisma: ${text}`)
  }
  return new ForeignTx(dialect, { query: (sql, params) => run(tx, dialect, sql, params) })
}

/** Not in the types: what only the client itself has, and which database it is for. */
interface Parts extends Partial<PrismaTx> {
  readonly $connect?: unknown
  readonly _activeProvider?: string
}

function partsOf(tx: PrismaTx | undefined): Parts {
  return tx ?? {}
}

async function run(
  tx: PrismaTx,
  dialect: Dialect,
  sql: string,
  params: readonly unknown[],
): Promise<ForeignResult> {
  try {
    if (GIVES_ROWS.test(sql)) {
      const rows = await rowsOf(tx, sql, params)
      return { rows, rowCount: rows.length, insertId: 0 }
    }
    const rowCount = await tx.$executeRawUnsafe(sql, ...params)
    return { rows: [], rowCount, insertId: dialect === 'mysql' ? await insertIdOf(tx) : 0 }
  } catch (error) {
    if ((error as { code?: unknown } | undefined)?.code !== ENDED) throw error
    throw new HufuError('TRANSACTION_OVER', `Using a transaction of Prisma: ${messageOf(error)}`)
  }
}

async function rowsOf(tx: PrismaTx, sql: string, params: readonly unknown[]) {
  return (await tx.$queryRawUnsafe(sql, ...params)) as Record<string, unknown>[]
}

/** Prisma does not pass it on; the server keeps it for the connection. */
async function insertIdOf(tx: PrismaTx): Promise<number> {
  return Number((await rowsOf(tx, 'SELECT LAST_INSERT_ID() AS id', []))[0]?.id)
}
