import type { Session } from './session.ts'
import { NOW, whole } from './session.ts'

/** Rows looked at in one go. */
const PAGE = 1_000

/** The table's times are the session's, in whole seconds: compared by age. */
const OLD = `SELECT id, gid, branch_id, op, barrier_id FROM hufu_barrier
  WHERE create_time < NOW() - INTERVAL ? SECOND AND id > ? ORDER BY id LIMIT ${PAGE}`

const CALL = 'gid = ? AND branch_id = ? AND op = ? AND barrier_id = ?'

interface BarrierRow {
  readonly id: number
  readonly gid: string
  readonly branch_id: string
  readonly op: string
  readonly barrier_id: string
}

/**
 * Rows and kept results older than that, except of transactions in this store that are not final.
 */
export async function purgeBarrier(
  session: Session,
  before: number,
  limit: number,
): Promise<number> {
  const { now } = (await session.row<{ now: number }>(`SELECT ${NOW} AS now`))!
  // Rows of this very second are older than a time to come.
  const age = Math.max(-1, Math.floor((now - before) / 1_000))
  let purged = 0
  for (let after = 0; purged < limit; ) {
    const page = await session.rows<BarrierRow>(OLD, age, after)
    const open = await openOnes(session, page)
    const over = page.filter(({ gid }) => !open.has(gid)).slice(0, limit - purged)
    for (const row of over) await remove(session, row)
    purged += over.length
    if (page.length < PAGE) break
    after = page.at(-1)!.id
  }
  return purged
}

async function openOnes(session: Session, page: readonly BarrierRow[]): Promise<Set<string>> {
  const gids = [...new Set(page.map(({ gid }) => gid))]
  const open = new Set<string>()
  if (gids.length === 0) return open
  const marks = gids.map(() => '?').join(', ')
  const sql = `SELECT id FROM hufu_transactions FORCE INDEX (by_id)
    WHERE finished_at IS NULL AND id IN (${marks})`
  for (const { id } of await session.rows<{ id: string }>(sql, ...gids)) open.add(id)
  return open
}

async function remove(session: Session, row: BarrierRow): Promise<void> {
  const { id, gid, branch_id, op, barrier_id } = row
  await session.run(`DELETE FROM hufu_results WHERE ${CALL}`, gid, branch_id, op, barrier_id)
  await session.run('DELETE FROM hufu_barrier WHERE id = ?', whole(id))
}
