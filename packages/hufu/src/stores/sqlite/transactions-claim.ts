import type { TransactionClaim, TransactionRow } from '../../ports/transactions.ts'
import type { Connection } from './connection.ts'
import { endExpired, isAlive, isAnyExpired } from './transactions-leases.ts'
import { TRANSACTION_COLUMNS } from './transactions-rows.ts'

/** What void coordinators had; ?1: JSON of the definitions, as pairs of name and hash. */
const ORPHANS = `SELECT t.seq FROM hufu_coordinators c CROSS JOIN json_each(?1) d
  CROSS JOIN hufu_transactions t ON t.owner = c.number AND t.name = d.value ->> 0
    AND t.hash = d.value ->> 1
  WHERE c.ended_at IS NOT NULL AND t.owner <> 0 AND t.finished_at IS NULL LIMIT ?2`

/** One definition at a time: those of others, however many are due, are not looked at. */
const DUE = `SELECT seq, due_at FROM hufu_transactions WHERE name = ?1 AND hash = ?2 AND owner = 0
  AND due_at <= ?3 AND due_at IS NOT NULL AND finished_at IS NULL ORDER BY due_at LIMIT ?4`

const GIVE = `UPDATE hufu_transactions SET owner = ?1 WHERE seq = ?2
  RETURNING ${TRANSACTION_COLUMNS}`

/** Whether a claim would find anything, or anybody's lease has ended. */
export function isAnythingThere(
  reader: Connection,
  request: TransactionClaim,
  now: number,
): boolean {
  if (isAnyExpired(reader, now)) return true
  return orphans(reader, request, 1).length + dueOnes(reader, request, now, 1).length > 0
}

/** In the transaction of the connection, which no other writer can disturb. */
export function claimRows(
  connection: Connection,
  request: TransactionClaim,
  now: number,
): TransactionRow[] {
  const { owner, limit } = request
  if (!isAlive(connection, owner, now)) return []
  endExpired(connection, now)
  const seqs = orphans(connection, request, limit)
  if (seqs.length < limit) seqs.push(...dueOnes(connection, request, now, limit - seqs.length))
  return seqs.map((seq) => connection.get<TransactionRow>(GIVE, owner, seq)!)
}

function orphans(connection: Connection, { definitions }: TransactionClaim, limit: number) {
  const pairs = JSON.stringify(definitions.map(({ name, hash }) => [name, hash]))
  return connection.tuples<[number]>(ORPHANS, pairs, limit).map(([seq]) => seq)
}

function dueOnes(
  connection: Connection,
  { definitions }: TransactionClaim,
  now: number,
  limit: number,
): number[] {
  const found = definitions.flatMap(({ name, hash }) => {
    return connection.tuples<[number, number]>(DUE, name, hash, now, limit)
  })
  found.sort(([, one], [, other]) => one - other)
  return found.slice(0, limit).map(([seq]) => seq)
}
