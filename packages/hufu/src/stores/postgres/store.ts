import type { Os } from '@hufu/os'
import { HufuError } from '../../errors.ts'
import { demandWhole } from '../../ports/migration.ts'
import type { Store, WorkKind } from '../../ports/store.ts'
import type { Access } from './access.ts'
import { OwnStatements } from './access.ts'
import { createAudit } from './audit.ts'
import { createBarrier } from './barrier.ts'
import type { PostgresConfig, PostgresPool } from './driver.ts'
import { isPool, makePool, placeOf } from './driver.ts'
import { explained } from './failure.ts'
import { createFence } from './fence.ts'
import { createJournal } from './journal.ts'
import { migrate, onClient, planOf } from './migrate.ts'
import { createOutbox } from './outbox.ts'
import { createParked } from './parked.ts'
import { createRetention } from './retention.ts'
import { Runner } from './runner.ts'
import type { TableOptions, Tables } from './tables.ts'
import { NOW, tablesOf } from './tables.ts'
import { createTransactions } from './transactions.ts'
import { expectWork, type PostgresForeign, type PostgresTx } from './tx.ts'

export interface PostgresOptions extends TableOptions {
  /**
   * Whether opening makes the tables, or brings them to this version. Default true; false: they
   * must be there (`hufu migrate`), else `STORE_FORMAT`.
   */
  readonly migrate?: boolean
  readonly limits?: Partial<PostgresLimits>
}

export interface PostgresLimits {
  /** Longest transaction, ms; the server ends it a second later, should this process not. */
  transactionMs: number
  /**
   * Longest wait for an answer outside of `fn`, ms: to BEGIN, COMMIT, and what the library asks by
   * itself. Then the connection counts as lost.
   */
  answerMs: number
}

export const POSTGRES_LIMITS: PostgresLimits = { transactionMs: 10_000, answerMs: 30_000 }

export type PostgresStore = Store<PostgresTx, PostgresForeign>

/**
 * A store in a PostgreSQL database (13 or later): address, pool settings, or a pool of the package
 * `pg`. A pool that is given is used and never ended; it needs at least two connections. Several
 * stores and processes may share the tables, whose names begin with `hufu_`. Transactions are READ
 * COMMITTED; times are the database's.
 */
export function postgres(
  from: PostgresPool | PostgresConfig,
  options: PostgresOptions = {},
): PostgresStore {
  const t = tablesOf(options)
  const limits = { ...POSTGRES_LIMITS, ...options.limits }
  const name = placeOf(from)
  const listeners = new Set<(kind: WorkKind) => void>()
  const tell = (kind: WorkKind) => {
    for (const listener of listeners) listener(kind)
  }
  const opening = new Opening(name, async (os) => {
    const pool = await openPool(from, t, name, options.migrate ?? true)
    const runner = new Runner(pool.pool, os, limits.answerMs, tell)
    return { os, runner, own: new OwnStatements(pool.pool, os, limits.answerMs), end: pool.end }
  })
  const opened = () => opening.access()
  return {
    name,
    open: (os) => opening.open(os),
    close: () => opening.close(),
    async transaction(fn, { timeoutMs = limits.transactionMs } = {}) {
      return opened().runner.run(fn, timeoutMs)
    },
    expect: expectWork,
    onWork(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    now: () => databaseNow(opened()),
    outbox: createOutbox(t, opened),
    fence: createFence(t),
    journal: createJournal(t, opened),
    parked: createParked(t, opened),
    audit: createAudit(t, opened),
    barrier: createBarrier(t),
    transactions: createTransactions(t, opened),
    retention: createRetention(t, opened),
  }
}

/** On the caller's own connection, when he has one: to wait for another could last for ever. */
async function databaseNow({ runner, own }: Access): Promise<number> {
  const sql = `SELECT ${NOW} AS now`
  const asked = runner.current?.query<{ now: unknown }>(sql)
  const { rows } = await (asked ?? own.read<{ now: unknown }>('Asking the time', sql))
  return Number(rows[0]!.now)
}

/** What is open, and how to end it. */
type OpenStore = Access & { readonly end: () => Promise<void> }

/** Several users may open a store; the last one to close it ends it. */
class Opening {
  readonly #name: string
  readonly #start: (os: Os) => Promise<OpenStore>
  #opening: Promise<OpenStore> | undefined
  #open: OpenStore | undefined
  #users = 0

  constructor(name: string, start: (os: Os) => Promise<OpenStore>) {
    this.#name = name
    this.#start = start
  }

  access(): Access {
    if (this.#open) return this.#open
    throw new HufuError('CLOSED', `Using ${this.#name}: the store is not open`)
  }

  async open(os: Os): Promise<void> {
    this.#users++
    this.#opening ??= this.#start(os)
    try {
      this.#open = await this.#opening
    } catch (error) {
      this.#users--
      this.#opening = undefined
      throw error
    }
  }

  async close(): Promise<void> {
    if (this.#users === 0 || --this.#users > 0 || !this.#open) return
    const open = this.#open
    await open.runner.close()
    this.#open = undefined
    this.#opening = undefined
    await open.end()
  }
}

/** The user's pool or one of the store's own, the tables being of this version. */
async function openPool(
  from: PostgresPool | PostgresConfig,
  t: Tables,
  name: string,
  mayMigrate: boolean,
) {
  const pool = isPool(from) ? from : await makePool(from)
  // A connection that dies while nobody uses it is told to the pool: unheard, it ends the process.
  const ignore = () => {}
  pool.on('error', ignore)
  const end = async () => {
    if (pool !== from) await pool.end()
    pool.removeListener('error', ignore)
  }
  try {
    if (mayMigrate) await onClient(pool, (client) => migrate(client, t, name))
    else demandWhole(await onClient(pool, (client) => planOf(client, t, name)))
  } catch (error) {
    await end()
    throw explained(`Opening ${name}`, error)
  }
  return { pool, end }
}
