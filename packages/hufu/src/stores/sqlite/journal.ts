import type { JournalEntry, JournalFilter, JournalStore } from '../../ports/store.ts'
import type { Opened } from './access.ts'
import type { SqliteTx } from './tx.ts'
import { connectionOf } from './tx.ts'

const COLUMNS = 'event, grp AS "group", id, key, hash, outcome, result, at'
const FIND = `SELECT ${COLUMNS} FROM hufu_journal WHERE event = ? AND grp = ? AND id = ?`
const INSERT = `INSERT INTO hufu_journal (event, grp, id, key, hash, outcome, result, at)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?)`

export function createJournal(opened: Opened): JournalStore<SqliteTx> {
  return {
    async begin(tx, { event, group, id }) {
      // The open transaction has the file's write lock: nobody can insert the row meanwhile.
      return connectionOf(tx).get<JournalEntry>(FIND, event, group, id)
    },
    async finish(tx, { event, group, id, key, hash, outcome, result }) {
      const now = opened().os.clock.now()
      connectionOf(tx).run(INSERT, event, group, id, key, hash, outcome, result, now)
    },
    async find({ event, group, id }) {
      return opened().reader.get<JournalEntry>(FIND, event, group, id)
    },
    async list(filter: JournalFilter) {
      const sql = `SELECT ${COLUMNS} FROM hufu_journal WHERE (?1 IS NULL OR event = ?1)
        AND (?2 IS NULL OR grp = ?2) AND at >= ?3 AND (?4 IS NULL OR at < ?4)
        ORDER BY seq DESC LIMIT ?5`
      const { event = null, group = null, since = 0, until = null, limit } = filter
      return opened().reader.all<JournalEntry>(sql, event, group, since, until, limit)
    },
  }
}
