import type { DatabaseSync } from 'node:sqlite'
import type { Os } from '@hufu/os'
import { HufuError, messageOf } from '../../errors.ts'
import { demandWhole } from '../../ports/migration.ts'
import type { Store, WorkKind } from '../../ports/store.ts'
import type { Access } from './access.ts'
import { createAudit } from './audit.ts'
import { createBarrier } from './barrier.ts'
import type { Connection } from './connection.ts'
import { openConnection } from './connection.ts'
import { createFence } from './fence.ts'
import { createJournal } from './journal.ts'
import { migrate, planOf } from './migrate.ts'
import { createOutbox } from './outbox.ts'
import { createParked } from './parked.ts'
import { Recent } from './recent.ts'
import { createRetention } from './retention.ts'
import { createTransactions } from './transactions.ts'
import { expectWork, type SqliteTx } from './tx.ts'
import type { WriterLimits } from './writer.ts'
import { Writer, whenFree } from './writer.ts'

/** A reader waits, blocking the process, at most so long: only while a file is being recovered. */
const READER_BUSY_MS = 1_000

export interface SqliteOptions {
  /**
   * Whether opening makes the tables, or brings them to this version. Default true; false: they
   * must be there (`hufu migrate`), else `STORE_FORMAT`.
   */
  readonly migrate?: boolean
  /**
   * Runs at each opening, in a transaction, after Hufu's own tables are there: the place for
   * `CREATE TABLE IF NOT EXISTS …` of the service.
   */
  readonly setUp?: (db: DatabaseSync) => void
  readonly limits?: Partial<WriterLimits>
}

export type SqliteStore = Store<SqliteTx, DatabaseSync>

export const SQLITE_LIMITS: WriterLimits = {
  groupMax: 256,
  groupMs: 20,
  transactionMs: 5_000,
  lockWaitMs: 10_000,
}

/**
 * A store in the SQLite file at `path`, made when missing. Write-ahead log, full sync: a commit is
 * on disk. Several stores and processes may share the file; tables begin with `hufu_`.
 */
export function sqlite(path: string, options: SqliteOptions = {}): SqliteStore {
  if (path === '' || path === ':memory:') {
    throw new HufuError('ARGUMENT', `Making a SQLite store: "${path}" is no file`)
  }
  let opening: Promise<Access & { writing: Connection }> | undefined
  let access: (Access & { writing: Connection }) | undefined
  let users = 0
  const listeners = new Set<(kind: WorkKind) => void>()
  const opened = () => {
    if (access) return access
    throw new HufuError('CLOSED', `Using ${path}: the store is not open`)
  }
  const tell = (kind: WorkKind) => {
    for (const listener of listeners) listener(kind)
  }
  const outbox = createOutbox(opened)
  return {
    name: `sqlite ${path}`,
    async open(os) {
      users++
      opening ??= openFile(path, os, options, tell)
      try {
        access = await opening
      } catch (error) {
        users--
        opening = undefined
        throw error
      }
    },
    async close() {
      if (users === 0 || --users > 0 || !access) return
      const { writer, writing, reader } = access
      outbox.letGo()
      await writer.close()
      access = undefined
      opening = undefined
      reader.db.close()
      writing.db.close()
    },
    async transaction(fn, { timeoutMs } = {}) {
      return opened().writer.submit(fn, timeoutMs)
    },
    expect: expectWork,
    onWork(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    now: async () => opened().os.clock.now(),
    outbox,
    fence: createFence(opened),
    journal: createJournal(opened),
    parked: createParked(opened),
    audit: createAudit(opened),
    barrier: createBarrier(opened),
    transactions: createTransactions(opened),
    retention: createRetention(opened),
  }
}

async function openFile(
  path: string,
  os: Os,
  options: SqliteOptions,
  onWork: (kind: WorkKind) => void,
) {
  const limits = { ...SQLITE_LIMITS, ...options.limits }
  const writing = openConnection(path, 0)
  try {
    await whenFree(os, limits.lockWaitMs, `Opening ${path}`, () => prepare(writing, path, options))
    const reader = openConnection(path, READER_BUSY_MS)
    reader.db.exec('PRAGMA query_only = ON')
    const recent = new Recent()
    const writer = new Writer(writing, os, limits, { onWork, onStored: (rows) => recent.add(rows) })
    return { path, os, writing, reader, recent, writer }
  } catch (error) {
    writing.db.close()
    if (error instanceof HufuError) throw error
    throw new HufuError('STORE_UNUSABLE', `Opening ${path}: ${messageOf(error)}`, error)
  }
}

function prepare(writing: Connection, path: string, options: SqliteOptions): void {
  writing.db.exec('PRAGMA journal_mode = WAL')
  writing.db.exec('BEGIN IMMEDIATE')
  try {
    if (options.migrate ?? true) migrate(writing, path)
    else demandWhole(planOf(writing, path))
    options.setUp?.(writing.db)
    writing.db.exec('COMMIT')
  } catch (error) {
    if (writing.db.isTransaction) writing.db.exec('ROLLBACK')
    throw error
  }
}
