import type { Retained, RetentionStore } from '../../ports/store.ts'
import type { Opened } from './access.ts'
import { purgeBarrier } from './retention-barrier.ts'
import type { Session } from './session.ts'
import { whole } from './session.ts'

interface Table {
  readonly name: string
  readonly number: string
  /** An index finds what was finished before a time. */
  readonly finished?: string
  /** Rows are made in the order of their numbers, nearly: looking ends at the first young one. */
  readonly made?: string
}

const TABLES: Record<Exclude<Retained, 'barrier'>, Table> = {
  journal: { name: 'hufu_journal', number: 'seq', made: 'at' },
  fence: { name: 'hufu_fence', number: 'seq', made: 'at' },
  audit: { name: 'hufu_audit', number: 'seq', made: 'at' },
  outbox: { name: 'hufu_outbox', number: 'seq', finished: 'state = 2 AND due_at' },
  parked: { name: 'hufu_parked', number: 'ref', finished: 'resolved_at' },
  transactions: { name: 'hufu_transactions', number: 'seq', finished: 'finished_at' },
}

export function createRetention(opened: Opened): RetentionStore {
  return {
    purge(what, before, limit) {
      return opened().own.transaction((session) => {
        if (what === 'barrier') return purgeBarrier(session, before, limit)
        return purge(session, what, before, limit)
      })
    },
  }
}

async function purge(
  session: Session,
  what: Exclude<Retained, 'barrier'>,
  before: number,
  limit: number,
): Promise<number> {
  const { name, number, finished, made } = TABLES[what]
  const found =
    finished === undefined
      ? await oldest(session, `SELECT ${number} AS n, ${made} AS at FROM ${name}`, before, limit)
      : await session.rows<{ n: number }>(
          `SELECT ${number} AS n FROM ${name} WHERE ${finished} < ? LIMIT ${whole(limit)}`,
          before,
        )
  if (found.length === 0) return 0
  const list = found
    .map(({ n }) => whole(n))
    .sort((one, other) => one - other)
    .join(',')
  if (what === 'outbox') await session.runText(`DELETE FROM hufu_receipts WHERE seq IN (${list})`)
  const { changes } = await session.runText(`DELETE FROM ${name} WHERE ${number} IN (${list})`)
  return changes
}

async function oldest(session: Session, select: string, before: number, limit: number) {
  const sql = `${select} ORDER BY seq LIMIT ${whole(limit)}`
  const rows = await session.rows<{ n: number; at: number }>(sql)
  const young = rows.findIndex(({ at }) => at >= before)
  return young < 0 ? rows : rows.slice(0, young)
}
