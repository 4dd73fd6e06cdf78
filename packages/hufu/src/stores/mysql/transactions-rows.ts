import { HufuError } from '../../errors.ts'
import type {
  DefinitionRef,
  InsertOutcome,
  NewTransaction,
  TransactionFilter,
  TransactionRow,
} from '../../ports/transactions.ts'
import { checkTransaction, isFinal } from '../../ports/transactions.ts'
import { isDuplicate } from './driver-errors.ts'
import type { Session, SqlValue } from './session.ts'
import { NOW, slices, unlessThere, whole } from './session.ts'

/** Of `hufu_transactions`, named as in `TransactionRow`. */
export const TRANSACTION_COLUMNS = `id, kind, name, hash, key_value AS \`key\`, input, headers,
  status, state, due_at AS dueAt, COALESCE(owner, 0) AS owner, created_at AS createdAt,
  updated_at AS updatedAt, finished_at AS finishedAt`

const INTO = `INSERT INTO hufu_transactions (id, kind, name, hash, key_value, input, headers,
  status, state, due_at, owner, created_at, updated_at, finished_at) VALUES`
const VALUES = `(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ${NOW}, ${NOW}, IF(?, ${NOW}, NULL))`

const SAME = 'SELECT id, name, input FROM hufu_transactions FORCE INDEX (by_id) WHERE id IN'

type Named = Pick<NewTransaction, 'id' | 'name' | 'input'>

export async function insertOne(session: Session, row: NewTransaction): Promise<InsertOutcome> {
  checkTransaction(row)
  const sql = `${INTO} ${VALUES} ${unlessThere('seq')}`
  if ((await session.insert(sql, ...valuesOf(row))) > 0) return 'inserted'
  const [stored] = await session.rows<Named>(`${SAME} (?) FOR UPDATE`, row.id)
  return compared(stored!, row)
}

export async function insertMany(
  session: Session,
  rows: readonly NewTransaction[],
): Promise<InsertOutcome[]> {
  for (const row of rows) checkTransaction(row)
  const outcomes: InsertOutcome[] = []
  for (const slice of slices(rows)) outcomes.push(...(await insertSlice(session, slice)))
  return outcomes
}

async function insertSlice(session: Session, rows: readonly NewTransaction[]) {
  const marks = rows.map(() => '?').join(', ')
  const ids = rows.map(({ id }) => id)
  const found = await session.rows<Named>(`${SAME} (${marks}) FOR UPDATE`, ...ids)
  const stored = new Map<string, Named>(found.map((row) => [row.id, row]))
  const fresh: NewTransaction[] = []
  const outcomes = rows.map((row): InsertOutcome => {
    const there = stored.get(row.id)
    if (there !== undefined) return compared(there, row)
    stored.set(row.id, row)
    fresh.push(row)
    return 'inserted'
  })
  if (await insertFresh(session, fresh)) return outcomes
  // Somebody has inserted one of them between the two statements.
  const slow: InsertOutcome[] = []
  for (const row of rows) slow.push(await insertOne(session, row))
  return slow
}

/** False, and nothing is inserted, when one of them is there. */
async function insertFresh(session: Session, rows: readonly NewTransaction[]): Promise<boolean> {
  const done: string[] = []
  for (const slice of slices(rows)) {
    const sql = `${INTO} ${slice.map(() => VALUES).join(', ')}`
    try {
      await session.run(sql, ...slice.flatMap(valuesOf))
    } catch (error) {
      if (!(error instanceof HufuError) || !isDuplicate(error.cause)) throw error
      for (const id of done) await session.run('DELETE FROM hufu_transactions WHERE id = ?', id)
      return false
    }
    done.push(...slice.map(({ id }) => id))
  }
  return true
}

function valuesOf(row: NewTransaction): SqlValue[] {
  const { id, kind, name, hash, key, input, headers, status, state, dueAt, owner } = row
  const final = isFinal(status)
  return [
    id,
    kind,
    name,
    hash,
    key,
    input,
    headers,
    status,
    state,
    dueAt,
    ...(final ? [null, 1] : [owner, 0]),
  ]
}

function compared(stored: Named, { name, input }: Named): InsertOutcome {
  return stored.name === name && stored.input === input ? 'repeated' : 'reused'
}

export function reusedError({ id, name }: NewTransaction): HufuError {
  const text = 'the id is there already with another name or input'
  return new HufuError('ID_REUSED', `Inserting transaction ${id} of ${name}: ${text}`)
}

export function getRow(session: Session, id: string): Promise<TransactionRow | undefined> {
  const sql = `SELECT ${TRANSACTION_COLUMNS} FROM hufu_transactions WHERE id = ?`
  return session.row<TransactionRow>(sql, id)
}

export function listRows(session: Session, filter: TransactionFilter): Promise<TransactionRow[]> {
  const terms: string[] = []
  const values: SqlValue[] = []
  const demand = (term: string, ...given: SqlValue[]) => {
    terms.push(term)
    values.push(...given)
  }
  const { status, kind, name, key, before, after, limit } = filter
  const equal = { status, kind, name, key_value: key }
  for (const [column, value] of Object.entries(equal)) {
    if (value !== undefined) demand(`${column} = ?`, value)
  }
  if (before !== undefined) demand('created_at < ?', before)
  if (after !== undefined) {
    const { createdAt, id } = after
    demand('created_at >= ? AND (created_at > ? OR id > ?)', createdAt, createdAt, id)
  }
  const where = terms.length === 0 ? '' : `WHERE ${terms.join(' AND ')}`
  const sql = `SELECT ${TRANSACTION_COLUMNS} FROM hufu_transactions ${where}
    ORDER BY created_at, id LIMIT ${whole(limit)}`
  return session.rows<TransactionRow>(sql, ...values)
}

export function unknownRows(
  session: Session,
  definitions: readonly DefinitionRef[],
  limit: number,
): Promise<TransactionRow[]> {
  const known = definitions.map(() => 'AND NOT (name = ? AND hash = ?)').join(' ')
  // What is not final is found in the index alone, as mostly all of it is known.
  const found = `SELECT seq FROM hufu_transactions FORCE INDEX (by_owner)
    WHERE owner IS NOT NULL ${known}`
  const sql = `SELECT ${TRANSACTION_COLUMNS} FROM (${found}) found
    STRAIGHT_JOIN hufu_transactions t ON t.seq = found.seq
    ORDER BY created_at, id LIMIT ${whole(limit)}`
  return session.rows<TransactionRow>(sql, ...pairsOf(definitions))
}

export function pairsOf(definitions: readonly DefinitionRef[]): string[] {
  return definitions.flatMap(({ name, hash }) => [name, hash])
}

const COUNTS = `SELECT status, count(*) AS n FROM hufu_transactions
  WHERE status IN ('running', 'parked', 'inDoubt') GROUP BY status`

export async function countRows(session: Session) {
  const counts = { running: 0, parked: 0, inDoubt: 0 }
  const rows = await session.rows<{ status: keyof typeof counts; n: number }>(COUNTS)
  for (const { status, n } of rows) counts[status] = n
  return counts
}
