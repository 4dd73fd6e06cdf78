import type { DatabaseSync } from 'node:sqlite'
import type { BarrierKey, BarrierStore } from '../../ports/transactions.ts'
import { checkBarrierKey, originOf } from '../../ports/transactions.ts'
import type { Opened } from './access.ts'
import type { Connection } from './connection.ts'
import type { SqliteTx } from './tx.ts'
import { connectionOf } from './tx.ts'

const INSERT = `INSERT INTO hufu_barrier
  (trans_type, gid, branch_id, op, barrier_id, reason, create_time, update_time)
  VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7) ON CONFLICT DO NOTHING`

const KEEP = `INSERT INTO hufu_results (gid, branch_id, op, barrier_id, result)
  VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET result = excluded.result`

const RESULT = `SELECT result FROM hufu_results
  WHERE gid = ? AND branch_id = ? AND op = ? AND barrier_id = ?`

export function createBarrier(opened: Opened): BarrierStore<SqliteTx, DatabaseSync> {
  return {
    async enter(tx, key) {
      checkBarrierKey(key)
      const connection = connectionOf(tx)
      const now = opened().os.clock.now()
      const origin = originOf(key.op)
      const empty = origin !== undefined && insert(connection, key, origin, now)
      if (!insert(connection, key, key.op, now)) return 'repeat'
      return empty ? 'empty' : 'go'
    },
    async keep(tx, key, result) {
      checkBarrierKey(key)
      connectionOf(tx).run(KEEP, key.gid, key.branch, key.op, key.barrier, result)
    },
    async result(tx, { gid, branch, op, barrier }) {
      const row = connectionOf(tx).get<{ result: string }>(RESULT, gid, branch, op, barrier)
      return row?.result
    },
  }
}

/** Writes the row of `op`, the reason being the op of `key`; false when it is there. */
function insert(connection: Connection, key: BarrierKey, op: string, now: number): boolean {
  const { kind, gid, branch, barrier } = key
  return connection.run(INSERT, kind, gid, branch, op, barrier, key.op, now) === 1
}
