import type { Database } from './database.ts'
import {
  AUDIT,
  BARRIER,
  type BarrierRecord,
  FENCE,
  JOURNAL,
  OUTBOX,
  PARKED,
  RESULTS,
  type RetentionPort,
  TRANSACTIONS,
  type TransactionRecord,
} from './port.ts'
import type { Opened } from './session.ts'
import type { Row } from './tx.ts'

type What = Parameters<RetentionPort['purge']>[0]
type At = (row: Row, database: Database) => number | null

/** For each kind, its table and when a row of it was finished; null: not yet. */
const FINISHED: Readonly<Record<What, { readonly table: string; readonly at: At }>> = {
  journal: { table: JOURNAL, at: field('at') },
  outbox: { table: OUTBOX, at: field('closedAt') },
  fence: { table: FENCE, at: field('at') },
  parked: { table: PARKED, at: field('resolvedAt') },
  audit: { table: AUDIT, at: field('at') },
  transactions: { table: TRANSACTIONS, at: field('finishedAt') },
  barrier: { table: BARRIER, at: (row, database) => enteredAt(row as BarrierRecord, database) },
}

export function createRetention(opened: Opened): RetentionPort {
  return {
    async purge(what, before, limit) {
      const session = opened()
      const { table, at } = FINISHED[what]
      const old: string[] = []
      for (const [key, row] of session.database.table(table)) {
        const finished = at(row, session.database)
        if (finished !== null && finished < before && old.length < limit) old.push(key)
      }
      if (old.length === 0) return 0
      await session.run(async (tx) => {
        for (const key of old) {
          await tx.remove(table, key)
          if (what === 'barrier') await tx.remove(RESULTS, key)
        }
      })
      return old.length
    },
  }
}

function field(name: string): At {
  return (row) => (row as Record<string, number | null>)[name]!
}

/** Null while its transaction is in this database and not final. */
function enteredAt({ gid, at }: BarrierRecord, database: Database): number | null {
  const transaction = database.table(TRANSACTIONS).get(gid) as TransactionRecord | undefined
  return transaction?.finishedAt === null ? null : at
}
