import type { BarrierKey, BarrierStore, BarrierWord } from '../../ports/transactions.ts'
import { checkBarrierKey, originOf } from '../../ports/transactions.ts'
import type { Opened } from './access.ts'
import type { Session } from './session.ts'
import { unlessThere } from './session.ts'
import type { MysqlForeign, MysqlTx } from './tx.ts'
import { LiveTx, sessionOf } from './tx.ts'

const INSERT = `INSERT INTO hufu_barrier (trans_type, gid, branch_id, op, barrier_id, reason)
  VALUES (?, ?, ?, ?, ?, ?) ${unlessThere('id')}`

const SEEN = `SELECT op FROM hufu_barrier
  WHERE gid = ? AND branch_id = ? AND barrier_id = ? AND op IN (?, ?)`

const KEEP = `INSERT INTO hufu_results (gid, branch_id, op, barrier_id, result)
  VALUES (?, ?, ?, ?, ?) ON DUPLICATE KEY UPDATE result = ?`

const RESULT = `SELECT result FROM hufu_results
  WHERE gid = ? AND branch_id = ? AND op = ? AND barrier_id = ?`

export function createBarrier(opened: Opened): BarrierStore<MysqlTx, MysqlForeign> {
  const inside = (tx: MysqlTx | MysqlForeign) => sessionOf(tx, opened().names)
  return {
    async enter(tx, key) {
      checkBarrierKey(key)
      const session = await inside(tx)
      const origin = originOf(key.op)
      if (origin === undefined) return (await isFirst(session, key, key.op)) ? 'go' : 'repeat'
      return undoing(session, key, origin, tx instanceof LiveTx)
    },
    async keep(tx, key, result) {
      checkBarrierKey(key)
      const { gid, branch, op, barrier } = key
      await (await inside(tx)).run(KEEP, gid, branch, op, barrier, result, result)
    },
    async result(tx, { gid, branch, op, barrier }) {
      const session = await inside(tx)
      return (await session.row<{ result: string }>(RESULT, gid, branch, op, barrier))?.result
    },
  }
}

/**
 * Rows that are committed are only looked at: to insert one that is there would lock the gap beside
 * it, where other transactions insert theirs. Where the isolation is not ours to know, looking
 * might fix what the user's transaction sees before it has waited for the one that it undoes.
 */
async function undoing(
  session: Session,
  key: BarrierKey,
  origin: string,
  mayLook: boolean,
): Promise<BarrierWord> {
  const seen = mayLook ? await opsSeen(session, key, origin) : []
  if (seen.includes(key.op)) return 'repeat'
  const empty = !seen.includes(origin) && (await isFirst(session, key, origin))
  if (!(await isFirst(session, key, key.op))) return 'repeat'
  return empty ? 'empty' : 'go'
}

async function opsSeen(session: Session, { gid, branch, barrier, op }: BarrierKey, origin: string) {
  const rows = await session.rows<{ op: string }>(SEEN, gid, branch, barrier, op, origin)
  return rows.map((row) => row.op)
}

/** Writes the row of `op`, the reason being the op of `key`; false when it is there. */
async function isFirst(session: Session, key: BarrierKey, op: string): Promise<boolean> {
  const { kind, gid, branch, barrier } = key
  return (await session.insert(INSERT, kind, gid, branch, op, barrier, key.op)) > 0
}
