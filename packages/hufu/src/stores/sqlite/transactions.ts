import type { DatabaseSync } from 'node:sqlite'
import type {
  DefinitionRef,
  TransactionRow,
  TransactionSave,
  TransactionStore,
} from '../../ports/transactions.ts'
import { isFinal } from '../../ports/transactions.ts'
import type { Opened } from './access.ts'
import type { Connection } from './connection.ts'
import { claimRows, isAnythingThere } from './transactions-claim.ts'
import { register, renew, unregister } from './transactions-leases.ts'
import {
  getRow,
  insertRow,
  listRows,
  reusedError,
  TRANSACTION_COLUMNS,
} from './transactions-rows.ts'
import type { SqliteTx } from './tx.ts'
import { connectionOf, markWork } from './tx.ts'

/** It goes on being this coordinator's, in the status it had: no index is touched. */
const SAVE_STATE = `UPDATE hufu_transactions SET state = ?4, due_at = ?5, updated_at = ?6
  WHERE id = ?1 AND owner = ?2 AND status = ?3 AND finished_at IS NULL`

const SAVE = `UPDATE hufu_transactions SET status = ?3, state = ?4, due_at = ?5, updated_at = ?6,
  owner = ?7, finished_at = ?8 WHERE id = ?1 AND owner = ?2 AND finished_at IS NULL`

const TAKE = `UPDATE hufu_transactions SET owner = ?1 WHERE id = ?2 AND finished_at IS NULL
  RETURNING ${TRANSACTION_COLUMNS}`

const COUNTS = `SELECT count(*) FILTER (WHERE status = 'running') AS running,
  count(*) FILTER (WHERE status = 'parked') AS parked,
  count(*) FILTER (WHERE status = 'inDoubt') AS inDoubt
  FROM hufu_transactions WHERE finished_at IS NULL`

const UNKNOWN = `SELECT ${TRANSACTION_COLUMNS} FROM hufu_transactions WHERE seq IN
  (SELECT seq FROM hufu_transactions WHERE finished_at IS NULL
    AND (name, hash) NOT IN (SELECT value ->> 0, value ->> 1 FROM json_each(?1))
    ORDER BY created_at, id LIMIT ?2)
  ORDER BY created_at, id`

export function createTransactions(opened: Opened): TransactionStore<SqliteTx, DatabaseSync> {
  const now = () => opened().os.clock.now()
  const write = <T>(action: (connection: Connection) => T) => {
    return opened().writer.submit(({ connection }) => action(connection))
  }
  return {
    register: (leaseMs) => write((connection) => register(connection, leaseMs, now())),
    renew: (owner, leaseMs) => write((connection) => renew(connection, owner, leaseMs, now())),
    unregister: (owner) => write((connection) => unregister(connection, owner, now())),
    async insert(tx, row) {
      const outcome = insertRow(connectionOf(tx), row, now())
      if (outcome === 'reused') throw reusedError(row)
      if (row.owner === 0) markWork(tx, 'transactions')
      return { repeated: outcome === 'repeated' }
    },
    async insertAll(tx, rows) {
      const connection = connectionOf(tx)
      return rows.map((row) => insertRow(connection, row, now()))
    },
    async claim(request) {
      if (!isAnythingThere(opened().reader, request, now())) return []
      return write((connection) => claimRows(connection, request, now()))
    },
    take: async (tx, owner, id) => connectionOf(tx).get<TransactionRow>(TAKE, owner, id),
    async save(tx, owner, saves) {
      const connection = connectionOf(tx)
      const lost = saves.filter((one) => !save(connection, owner, one, now()))
      return lost.map(({ id }) => id)
    },
    get: async (id) => getRow(opened().reader, id),
    list: async (filter) => listRows(opened().reader, filter),
    async unknown(definitions, limit) {
      return opened().reader.all<TransactionRow>(UNKNOWN, pairsOf(definitions), limit)
    },
    async counts() {
      return {
        ...opened().reader.get<{ running: number; parked: number; inDoubt: number }>(COUNTS)!,
      }
    },
  }
}

function pairsOf(definitions: readonly DefinitionRef[]): string {
  return JSON.stringify(definitions.map(({ name, hash }) => [name, hash]))
}

/** False when it is another's, or final. */
function save(connection: Connection, owner: number, save: TransactionSave, now: number): boolean {
  const { id, status, state, dueAt, release } = save
  const final = isFinal(status)
  const goesOn = !final && !release
  if (goesOn && connection.run(SAVE_STATE, id, owner, status, state, dueAt, now) === 1) return true
  const next = goesOn ? owner : 0
  const finishedAt = final ? now : null
  return connection.run(SAVE, id, owner, status, state, dueAt, now, next, finishedAt) === 1
}
