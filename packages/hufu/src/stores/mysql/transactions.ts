import type { TransactionRow, TransactionStore } from '../../ports/transactions.ts'
import type { Opened } from './access.ts'
import { register, renew, unregister } from './coordinators.ts'
import type { Session } from './session.ts'
import { claim } from './transactions-claim.ts'
import {
  countRows,
  getRow,
  insertMany,
  insertOne,
  listRows,
  reusedError,
  TRANSACTION_COLUMNS,
  unknownRows,
} from './transactions-rows.ts'
import { save } from './transactions-save.ts'
import type { MysqlForeign, MysqlTx } from './tx.ts'
import { markWork, sessionOf } from './tx.ts'

const LOCK = `SELECT seq FROM hufu_transactions FORCE INDEX (by_id)
  WHERE id = ? AND finished_at IS NULL FOR UPDATE`

const TAKEN = `SELECT ${TRANSACTION_COLUMNS} FROM hufu_transactions WHERE seq = ?`

export function createTransactions(opened: Opened): TransactionStore<MysqlTx, MysqlForeign> {
  const inside = (tx: MysqlTx | MysqlForeign) => sessionOf(tx, opened().names)
  const alone = <T>(action: (session: Session) => Promise<T>) => opened().own.alone(action)
  return {
    register: (leaseMs) => alone((session) => register(session, leaseMs)),
    renew: (owner, leaseMs) => alone((session) => renew(session, owner, leaseMs)),
    unregister: (owner) => alone((session) => unregister(session, owner)),
    async insert(tx, row) {
      const outcome = await insertOne(await inside(tx), row)
      if (outcome === 'reused') throw reusedError(row)
      if (row.owner === 0) markWork(tx, 'transactions')
      return { repeated: outcome === 'repeated' }
    },
    insertAll: async (tx, rows) => insertMany(await inside(tx), rows),
    claim: (request) => claim(opened().own, request),
    take: async (tx, owner, id) => take(await inside(tx), owner, id),
    save: async (tx, owner, saves) => save(await inside(tx), owner, saves),
    get: (id) => alone((session) => getRow(session, id)),
    list: (filter) => alone((session) => listRows(session, filter)),
    unknown: (definitions, limit) => alone((session) => unknownRows(session, definitions, limit)),
    counts: () => alone(countRows),
  }
}

async function take(session: Session, owner: number, id: string) {
  const found = await session.row<{ seq: number }>(LOCK, id)
  if (found === undefined) return undefined
  await session.run('UPDATE hufu_transactions SET owner = ? WHERE seq = ?', owner, found.seq)
  return session.row<TransactionRow>(TAKEN, found.seq)
}
