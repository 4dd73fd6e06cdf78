import type { JournalEntry, JournalStore } from '../../ports/store.ts'
import type { Opened } from './access.ts'
import type { Tables } from './tables.ts'
import { NOW } from './tables.ts'
import type { PostgresTx } from './tx.ts'
import { first, run } from './tx.ts'

const COLUMNS = 'event, grp AS "group", id, key, hash, outcome, result, at'

export function createJournal(t: Tables, opened: Opened): JournalStore<PostgresTx> {
  const find = `SELECT ${COLUMNS} FROM ${t.journal} WHERE event = $1 AND grp = $2 AND id = $3`
  const insert = `INSERT INTO ${t.journal} (event, grp, id, key, hash, outcome, result, at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, ${NOW})`
  const list = `SELECT ${COLUMNS} FROM ${t.journal} WHERE ($1::text IS NULL OR event = $1)
    AND ($2::text IS NULL OR grp = $2) AND at >= $3 AND ($4::bigint IS NULL OR at < $4)
    ORDER BY seq DESC LIMIT $5`
  // Waits for another transaction that has begun the same entry. Of its own: what that one has
  // committed is seen only by a statement that begins afterwards.
  const lock = 'SELECT pg_advisory_xact_lock(hashtextextended($1, 0))'
  return {
    async begin(tx, { event, group, id }) {
      await run(tx, lock, [`hufu journal ${t.place} ${event} ${group} ${id}`])
      return entryOf(await first(tx, find, [event, group, id]))
    },
    async finish(tx, { event, group, id, key, hash, outcome, result }) {
      await run(tx, insert, [event, group, id, key, hash, outcome, result])
    },
    async find({ event, group, id }) {
      const { rows } = await opened().own.read<Found>(READING, find, [event, group, id])
      return entryOf(rows[0])
    },
    async list({ event = null, group = null, since = 0, until = null, limit }) {
      const params = [event, group, since, until, limit]
      return (await opened().own.read<Found>(READING, list, params)).rows.map(asEntry)
    },
  }
}

const READING = 'Reading the journal'

/** Numbers of 64 bits come as text. */
type Found = Omit<JournalEntry, 'at'> & { at: unknown }

function entryOf(found: Found | undefined): JournalEntry | undefined {
  return found && asEntry(found)
}

function asEntry(found: Found): JournalEntry {
  return { ...found, at: Number(found.at) }
}
