import type { AuditEntry, AuditStore } from '../../ports/store.ts'
import type { Opened } from './access.ts'
import type { SqliteTx } from './tx.ts'
import { connectionOf } from './tx.ts'

const INSERT = `INSERT INTO hufu_audit (at, action, subject, ref, reason, by)
  VALUES (?, ?, ?, ?, ?, ?)`

export function createAudit(opened: Opened): AuditStore<SqliteTx> {
  return {
    async add(tx, { action, subject, ref, reason, by }) {
      const now = opened().os.clock.now()
      connectionOf(tx).run(INSERT, now, action, subject, ref, reason, by)
    },
    async list(limit) {
      const sql = `SELECT at, action, subject, ref, reason, by FROM hufu_audit
        ORDER BY seq DESC LIMIT ?`
      return opened().reader.all<AuditEntry>(sql, limit)
    },
  }
}
