import type { Connection } from './connection.ts'

/**
 * Still as it was stored: behind the cursor such a row is to be sent, up to it such a row was sent
 * and wants no receipts.
 */
export const AS_STORED = 'state = 0 AND due_at = 0'

/** The cursor in a statement. */
export const CURSOR = '(SELECT seq FROM hufu_outbox_cursor)'

/** So many numbers behind the cursor are looked at to count rows; more are taken for rows. */
const COUNTED_MAX = 10_000

/** Rows up to this number were handed to the transport, or say themselves what they wait for. */
export function cursorOf(connection: Connection): number {
  return connection.tuple<[number]>('SELECT seq FROM hufu_outbox_cursor')![0]
}

/** The caller knows that no row up to `seq` is still to be sent without saying so. */
export function moveCursor(connection: Connection, seq: number): void {
  connection.run('UPDATE hufu_outbox_cursor SET seq = max(seq, ?)', seq)
}

/** The highest number of a row, 0 when there is none. */
export function lastSeq(connection: Connection): number {
  const sql = 'SELECT ifnull(max(seq), 0) FROM hufu_outbox'
  return connection.tuple<[number]>(sql)![0]
}

/**
 * Rows behind the cursor that are to be sent. Exact up to 10,000 numbers, above that the numbers
 * are counted: those of half messages, which nobody sends, are then among them.
 */
export function countFresh(reader: Connection): number {
  const cursor = cursorOf(reader)
  const numbers = lastSeq(reader) - cursor
  if (numbers <= 0 || numbers > COUNTED_MAX) return Math.max(0, numbers)
  const sql = `SELECT count(*) FROM hufu_outbox WHERE seq > ? AND ${AS_STORED}`
  return reader.tuple<[number]>(sql, cursor)![0]
}

/**
 * Where the cursor may stand although nothing was sent: in front of the first row that is to be
 * sent. Rows that were stored as sent already lie between.
 */
export function reachable(reader: Connection): number {
  const last = lastSeq(reader)
  const sql = `SELECT seq FROM hufu_outbox WHERE seq > ${CURSOR} AND ${AS_STORED}
    ORDER BY seq LIMIT 1`
  const first = reader.tuple<[number]>(sql)
  return first ? first[0] - 1 : last
}
