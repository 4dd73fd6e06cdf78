import { AUDIT, FENCE, JOURNAL, OUTBOX, PARKED, type RetentionPort } from './port.ts'
import type { Opened } from './session.ts'
import type { Row } from './tx.ts'

/** For each kind, its table and the field that says when a row was finished; null: not yet. */
const FINISHED = {
  journal: { table: JOURNAL, field: 'at' },
  outbox: { table: OUTBOX, field: 'closedAt' },
  fence: { table: FENCE, field: 'at' },
  parked: { table: PARKED, field: 'resolvedAt' },
  audit: { table: AUDIT, field: 'at' },
} as const

export function createRetention(opened: Opened): RetentionPort {
  return {
    async purge(what, before, limit) {
      const session = opened()
      const { table, field } = FINISHED[what]
      const old: string[] = []
      for (const [key, row] of session.database.table(table)) {
        const at = (row as Row & Record<typeof field, number | null>)[field]
        if (at !== null && at < before && old.length < limit) old.push(key)
      }
      if (old.length === 0) return 0
      await session.run(async (tx) => {
        for (const key of old) await tx.remove(table, key)
      })
      return old.length
    },
  }
}
