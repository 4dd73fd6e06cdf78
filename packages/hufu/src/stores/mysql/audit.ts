import type { AuditEntry, AuditStore } from '../../ports/store.ts'
import type { Opened } from './access.ts'
import { NOW, whole } from './session.ts'
import { type MysqlTx, sessionOf } from './tx.ts'

const INSERT = `INSERT INTO hufu_audit (at, action, subject, ref, reason, by_whom)
  VALUES (${NOW}, ?, ?, ?, ?, ?)`

const LIST = `SELECT at, action, subject, ref, reason, by_whom AS \`by\` FROM hufu_audit
  ORDER BY seq DESC`

export function createAudit(opened: Opened): AuditStore<MysqlTx> {
  return {
    async add(tx, { action, subject, ref, reason, by }) {
      const session = await sessionOf(tx, opened().names)
      await session.run(INSERT, action, subject, ref, reason, by)
    },
    list(limit) {
      return opened().own.alone((session) =>
        session.rows<AuditEntry>(`${LIST} LIMIT ${whole(limit)}`),
      )
    },
  }
}
