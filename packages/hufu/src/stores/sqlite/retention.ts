import type { Retained, RetentionStore } from '../../ports/store.ts'
import type { Opened } from './access.ts'
import type { Connection } from './connection.ts'
import { AS_STORED, CURSOR } from './cursor.ts'

/** No relay has ever asked for rows. */
const UNUSED = `(SELECT seq = 0 FROM hufu_outbox_cursor) AND NOT EXISTS (SELECT 1 FROM hufu_leases)`

/**
 * Of a sent row that nobody has to answer, the time at which it was published. The row with the
 * highest number stays, or the number would be given again and be taken for sent.
 */
const CLOSED_AT = `CASE WHEN seq = (SELECT max(seq) FROM hufu_outbox) AND NOT (${UNUSED}) THEN NULL
  WHEN ${AS_STORED} AND seq <= ${CURSOR} THEN published_at ELSE closed_at END`

/** Of a barrier whose transaction is in this store and not final: never. */
const ENTERED_AT = `CASE WHEN EXISTS (SELECT 1 FROM hufu_transactions t
  WHERE t.id = hufu_barrier.gid AND t.finished_at IS NULL) THEN NULL ELSE create_time END`

/**
 * For each table: its number, when a row was made (rising with the number, so that looking can stop
 * early) and when it was finished (NULL: not yet, keep).
 */
const TABLES: Record<Retained, { table: string; seq: string; made: string; finished: string }> = {
  journal: { table: 'hufu_journal', seq: 'seq', made: 'at', finished: 'at' },
  outbox: { table: 'hufu_outbox', seq: 'seq', made: 'published_at', finished: CLOSED_AT },
  fence: { table: 'hufu_fence', seq: 'seq', made: 'at', finished: 'at' },
  parked: { table: 'hufu_parked', seq: 'ref', made: 'parked_at', finished: 'resolved_at' },
  audit: { table: 'hufu_audit', seq: 'seq', made: 'at', finished: 'at' },
  transactions: {
    table: 'hufu_transactions',
    seq: 'seq',
    made: 'created_at',
    finished: 'finished_at',
  },
  barrier: { table: 'hufu_barrier', seq: 'id', made: 'create_time', finished: ENTERED_AT },
}

/** Rows looked at in one go. */
const PAGE = 1_000

export function createRetention(opened: Opened): RetentionStore {
  return {
    async purge(what, before, limit) {
      const { reader, writer } = opened()
      const seqs = finished(reader, what, before, limit)
      if (seqs.length === 0) return 0
      return writer.submit(({ connection }) => remove(connection, what, seqs))
    },
  }
}

function finished(reader: Connection, what: Retained, before: number, limit: number): number[] {
  const { table, seq, made, finished } = TABLES[what]
  const sql = `SELECT ${seq} AS seq, ${made} AS made, ${finished} AS finished FROM ${table}
    WHERE ${seq} > ? ORDER BY ${seq} LIMIT ${PAGE}`
  const found: number[] = []
  for (let after = 0; ; ) {
    const page = reader.all<{ seq: number; made: number; finished: number | null }>(sql, after)
    for (const row of page) {
      if (row.made >= before || found.length === limit) return found
      if (row.finished !== null && row.finished < before) found.push(row.seq)
    }
    if (page.length < PAGE) return found
    after = page.at(-1)!.seq
  }
}

const REMOVE_RESULT = `DELETE FROM hufu_results WHERE (gid, branch_id, op, barrier_id) =
  (SELECT gid, branch_id, op, barrier_id FROM hufu_barrier WHERE id = ?)`

function remove(connection: Connection, what: Retained, seqs: number[]): number {
  const { table, seq } = TABLES[what]
  for (const value of seqs) {
    if (what === 'outbox') connection.run('DELETE FROM hufu_receipts WHERE seq = ?', value)
    if (what === 'barrier') connection.run(REMOVE_RESULT, value)
    connection.run(`DELETE FROM ${table} WHERE ${seq} = ?`, value)
  }
  return seqs.length
}
