import type { Os } from '@hufu/os'
import type { PoolConnection } from 'mysql2/promise'
import { HufuError } from '../../errors.ts'
import { demandWhole } from '../../ports/migration.ts'
import type { Store, WorkKind } from '../../ports/store.ts'
import type { Access } from './access.ts'
import { createAudit } from './audit.ts'
import { createBarrier } from './barrier.ts'
import { Connections } from './connections.ts'
import { createFence } from './fence.ts'
import { createJournal } from './journal.ts'
import type { MysqlTables } from './migrate.ts'
import { migrate, planOf } from './migrate.ts'
import type { ServerKind } from './migrations.ts'
import { Names } from './names.ts'
import { createOutbox } from './outbox.ts'
import { Own } from './own.ts'
import { createParked } from './parked.ts'
import type { MysqlSource, OpenPool } from './pool.ts'
import { nameOf, openPool } from './pool.ts'
import { createRetention } from './retention.ts'
import { Runner } from './runner.ts'
import { NOW, type Session } from './session.ts'
import { createTransactions } from './transactions.ts'
import { expectWork, type MysqlForeign, type MysqlTx } from './tx.ts'

export interface MysqlLimits {
  /** Longest transaction, ms. */
  readonly transactionMs: number
  /** Longest wait for a free connection, and for the server's answer, ms. */
  readonly waitMs: number
}

export const MYSQL_LIMITS: MysqlLimits = { transactionMs: 30_000, waitMs: 30_000 }

export interface MysqlOptions extends MysqlTables {
  /**
   * Whether opening makes the tables, or brings them to this version. Default true; false: they
   * must be there (`hufu migrate`), else `STORE_FORMAT`.
   */
  readonly migrate?: boolean
  readonly limits?: Partial<MysqlLimits>
}

export type MysqlStore = Store<MysqlTx, MysqlForeign>

/**
 * A store in a MariaDB (10.6 or later) or MySQL (8.0.19 or later) database, through mysql2. A pool
 * is used and never ended; an address or options make one of the store's own. Its tables begin with
 * `hufu_`; opening makes those that are missing. Of the pool's connections, 2 at least, one is kept
 * free of transactions. Several stores and processes may share the database; the server's clock is
 * the clock of all.
 */
export function mysql(source: MysqlSource, options: MysqlOptions = {}): MysqlStore {
  const names = new Names(options.prefix, options.barrierTable)
  const name = nameOf(source)
  let opening: Promise<Open> | undefined
  let open: Open | undefined
  let users = 0
  const listeners = new Set<(kind: WorkKind) => void>()
  const tell = (kind: WorkKind) => {
    for (const listener of listeners) listener(kind)
  }
  const opened = (): Access => {
    if (open) return open.access
    throw new HufuError('CLOSED', `Using ${name}: the store is not open`)
  }
  return {
    name,
    async open(os) {
      users++
      opening ??= openDatabase({ source, names, name, os, options, tell })
      try {
        open = await opening
      } catch (error) {
        users--
        opening = undefined
        throw error
      }
    },
    async close() {
      if (users === 0 || --users > 0 || !open) return
      const { access, from } = open
      await access.runner.close()
      open = undefined
      opening = undefined
      await from.end()
    },
    async transaction(fn, { timeoutMs } = {}) {
      return opened().runner.submit(fn, timeoutMs)
    },
    expect: expectWork,
    onWork(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    async now() {
      const { runner, own } = opened()
      return runner.inside ? now(runner.inside.session) : own.alone(now)
    },
    outbox: createOutbox(opened),
    fence: createFence(opened),
    journal: createJournal(opened),
    parked: createParked(opened),
    audit: createAudit(opened),
    barrier: createBarrier(opened),
    transactions: createTransactions(opened),
    retention: createRetention(opened),
  }
}

interface Open {
  readonly access: Access
  readonly from: OpenPool
}

interface OpenParts {
  readonly source: MysqlSource
  readonly names: Names
  readonly name: string
  readonly os: Os
  readonly options: MysqlOptions
  readonly tell: (kind: WorkKind) => void
}

async function openDatabase({ source, names, name, os, options, tell }: OpenParts): Promise<Open> {
  const { transactionMs, waitMs } = { ...MYSQL_LIMITS, ...options.limits }
  const from = await openPool(source)
  const connections = new Connections(os.clock, waitMs, from, name)
  const own = new Own(os, connections, names)
  try {
    const connection = await connections.borrow((one) => one.query('DO 0'))
    const server = await tablesOn(connection, names, name, options.migrate ?? true)
    const limitsIdle = from.isOwn && server === 'mariadb'
    const limits = { transactionsMax: from.connections - 1, transactionMs, limitsIdle }
    const parts = { clock: os.clock, names, connections, ...limits, onWork: tell }
    return { access: { os, names, own, runner: new Runner(parts) }, from }
  } catch (error) {
    await from.end()
    throw error
  }
}

/** The tables are of this version then; gives the kind of server. */
async function tablesOn(
  connection: PoolConnection,
  names: Names,
  name: string,
  mayMigrate: boolean,
): Promise<ServerKind> {
  try {
    if (mayMigrate) return (await migrate(connection, names, name)).server
    const plan = await planOf(connection, names, name)
    demandWhole(plan)
    return plan.server
  } finally {
    connection.release()
  }
}

async function now(session: Session): Promise<number> {
  return (await session.row<{ now: number }>(`SELECT ${NOW} AS now`))!.now
}
