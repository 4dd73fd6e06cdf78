import type { AuditEntry, AuditStore } from '../../ports/store.ts'
import type { Opened } from './access.ts'
import type { Tables } from './tables.ts'
import { NOW } from './tables.ts'
import type { PostgresTx } from './tx.ts'
import { run } from './tx.ts'

export function createAudit(t: Tables, opened: Opened): AuditStore<PostgresTx> {
  const insert = `INSERT INTO ${t.audit} (at, action, subject, ref, reason, by)
    VALUES (${NOW}, $1, $2, $3, $4, $5)`
  const newest = `SELECT at, action, subject, ref, reason, by FROM ${t.audit}
    ORDER BY seq DESC LIMIT $1`
  return {
    async add(tx, { action, subject, ref, reason, by }) {
      await run(tx, insert, [action, subject, ref, reason, by])
    },
    async list(limit) {
      const { rows } = await opened().own.read<AuditEntry>('Reading the audit', newest, [limit])
      return rows.map((row) => ({ ...row, at: Number(row.at), ref: Number(row.ref) }))
    },
  }
}
