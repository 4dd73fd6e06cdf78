import { HufuError } from '../../errors.ts'
import type { NewTransaction, TransactionFilter, TransactionRow } from '../../ports/transactions.ts'
import { checkTransaction, isFinal } from '../../ports/transactions.ts'
import type { Connection, SqlValue } from './connection.ts'

/** Of `hufu_transactions`, named as in `TransactionRow`. */
export const TRANSACTION_COLUMNS = `id, kind, name, hash, key, input, headers, status, state,
  due_at AS dueAt, owner, created_at AS createdAt, updated_at AS updatedAt,
  finished_at AS finishedAt`

const INSERT = `INSERT INTO hufu_transactions (id, kind, name, hash, key, input, headers, status,
  state, due_at, owner, created_at, updated_at, finished_at)
  VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?12, ?13)
  ON CONFLICT (id) DO NOTHING`

const SAME = 'SELECT name = ?2 AND input = ?3 AS same FROM hufu_transactions WHERE id = ?1'

export type Insertion = 'inserted' | 'repeated' | 'reused'

export function insertRow(connection: Connection, row: NewTransaction, now: number): Insertion {
  checkTransaction(row)
  const { id, kind, name, hash, key, input, headers, status, state, dueAt, owner } = row
  const finishedAt = isFinal(status) ? now : null
  const named = [id, kind, name, hash, key, input, headers, status, state] as const
  if (connection.run(INSERT, ...named, dueAt, owner, now, finishedAt) === 1) return 'inserted'
  return connection.get<{ same: number }>(SAME, id, name, input)!.same === 1 ? 'repeated' : 'reused'
}

export function reusedError({ id, name }: NewTransaction): HufuError {
  const text = 'the id is there already with another name or input'
  return new HufuError('ID_REUSED', `Inserting transaction ${id} of ${name}: ${text}`)
}

export function getRow(connection: Connection, id: string): TransactionRow | undefined {
  const sql = `SELECT ${TRANSACTION_COLUMNS} FROM hufu_transactions WHERE id = ?`
  return connection.get<TransactionRow>(sql, id)
}

export function listRows(connection: Connection, filter: TransactionFilter): TransactionRow[] {
  const { status, kind, name, key, before, after, limit } = filter
  const params: SqlValue[] = []
  const terms: string[] = []
  const demand = (term: string, ...values: SqlValue[]) => {
    terms.push(term)
    params.push(...values)
  }
  const rare = status !== undefined && status !== 'running' && status !== 'committed'
  if (status !== undefined) demand('status = ?', status)
  // In the words of the indexes that have these.
  if (status === 'running') demand('finished_at IS NULL')
  if (rare) demand("status NOT IN ('running', 'committed')")
  if (kind !== undefined) demand('kind = ?', kind)
  // The plus keeps SQLite from taking the index of names, where far more rows have the same.
  if (name !== undefined) demand(rare ? '+name = ?' : 'name = ?', name)
  if (key !== undefined) demand('key = ?', key)
  if (before !== undefined) demand('created_at < ?', before)
  if (after !== undefined) demand('(created_at, id) > (?, ?)', after.createdAt, after.id)
  const where = terms.length === 0 ? '' : `WHERE ${terms.join(' AND ')}`
  const sql = `SELECT ${TRANSACTION_COLUMNS} FROM hufu_transactions ${where}
    ORDER BY created_at, id LIMIT ?`
  return connection.all<TransactionRow>(sql, ...params, limit)
}
