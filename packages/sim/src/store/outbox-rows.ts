import type { Database } from './database.ts'
import { type OutboxRecord, type OutboxRow, RECEIPTS } from './port.ts'

/** The groups that have not answered. */
export function missingGroups(database: Database, { ref, groups }: OutboxRecord): string[] {
  const receipts = database.table(RECEIPTS)
  return groups.filter((group) => !receipts.has(`${ref}/${group}`))
}

export function outboxRow(record: OutboxRecord): OutboxRow {
  const { order, state, dueAt, closedAt, ...row } = record
  return { ...row, resend: false }
}
