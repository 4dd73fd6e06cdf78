import type { BarrierKey, BarrierStore } from '../../ports/transactions.ts'
import { checkBarrierKey, originOf } from '../../ports/transactions.ts'
import type { Tables } from './tables.ts'
import type { PostgresForeign, PostgresTx } from './tx.ts'
import { first, run } from './tx.ts'

export function createBarrier(t: Tables): BarrierStore<PostgresTx, PostgresForeign> {
  const insert = (...rows: string[]) => `INSERT INTO ${t.barrier}
    (trans_type, gid, branch_id, op, barrier_id, reason, create_time, update_time)
    VALUES ${rows.join(', ')} ON CONFLICT DO NOTHING RETURNING op`
  const row = (op: string) => `($1, $2, $3, ${op}, $4, $5, now(), now())`
  const alone = insert(row('$5'))
  // The origin's row first: that is where an undoing waits for what it undoes.
  const undoing = insert(row('$6'), row('$5'))
  const keep = `INSERT INTO ${t.results} (gid, branch_id, op, barrier_id, result)
    VALUES ($1, $2, $3, $4, $5) ON CONFLICT (gid, branch_id, op, barrier_id)
    DO UPDATE SET result = excluded.result`
  const result = `SELECT result FROM ${t.results}
    WHERE gid = $1 AND branch_id = $2 AND op = $3 AND barrier_id = $4`
  return {
    async enter(tx, key) {
      checkBarrierKey(key)
      const { kind, gid, branch, barrier, op } = key
      const origin = originOf(op)
      const params = [kind, gid, branch, barrier, op]
      const { rows } = await (origin === undefined
        ? run(tx, alone, params)
        : run(tx, undoing, [...params, origin]))
      const inserted = rows.map((each) => each.op)
      if (!inserted.includes(op)) return 'repeat'
      return inserted.includes(origin) ? 'empty' : 'go'
    },
    async keep(tx, key, text) {
      checkBarrierKey(key)
      await run(tx, keep, [...wordsOf(key), text])
    },
    async result(tx, key) {
      return (await first<{ result: string }>(tx, result, wordsOf(key)))?.result
    },
  }
}

function wordsOf({ gid, branch, op, barrier }: BarrierKey): string[] {
  return [gid, branch, op, barrier]
}
