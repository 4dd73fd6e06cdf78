import { AUDIT, type AuditPort } from './port.ts'
import type { Opened } from './session.ts'
import type { Row } from './tx.ts'

type Entry = Awaited<ReturnType<AuditPort['list']>>[number]
type Record = Entry & Row & { readonly number: number }

export function createAudit(opened: Opened): AuditPort {
  return {
    async add(tx, entry) {
      const { database } = opened()
      const number = database.nextRef()
      await tx.put(AUDIT, String(number), { ...entry, at: database.now(), number } as Record)
    },
    async list(limit) {
      const rows = opened().database.rows<Record>(AUDIT)
      const newest = rows.sort((a, b) => b.number - a.number).slice(0, limit)
      return newest.map(({ number, order, ...entry }) => entry)
    },
  }
}
