import type { JournalEntry, JournalFilter, JournalKey, JournalStore } from '../../ports/store.ts'
import type { Opened } from './access.ts'
import type { Session, SqlValue } from './session.ts'
import { NOW, unlessThere, whole } from './session.ts'
import { CHARS, demandLength } from './texts.ts'
import { LiveTx, type MysqlTx, sessionOf } from './tx.ts'

const COLUMNS = 'event, grp AS `group`, id, key_value AS `key`, hash, outcome, result, at'

const FIND = `SELECT seq, ${COLUMNS} FROM hufu_journal WHERE event = ? AND grp = ? AND id = ?`

/** Keeps others off until the transaction ends; a row without outcome is none to anybody else. */
const BEGIN = `INSERT INTO hufu_journal (event, grp, id, hash, outcome, result, at)
  VALUES (?, ?, ?, '', '', '', ${NOW}) ${unlessThere('seq')}`

const FINISH = `UPDATE hufu_journal
  SET key_value = ?, hash = ?, outcome = ?, result = ?, at = ${NOW} WHERE seq = ? AND outcome = ''`

const INSERT = `INSERT INTO hufu_journal (event, grp, id, key_value, hash, outcome, result, at)
  VALUES (?, ?, ?, ?, ?, ?, ?, ${NOW})`

type Found = JournalEntry & { readonly seq: number }

export function createJournal(opened: Opened): JournalStore<MysqlTx> {
  return {
    async begin(tx, key) {
      const session = await sessionOf(tx, opened().names)
      return begin(tx, session, key)
    },
    async finish(tx, entry) {
      const session = await sessionOf(tx, opened().names)
      await finish(tx, session, entry)
    },
    find({ event, group, id }) {
      return opened().own.alone(async (session) => {
        return entryOf(await session.row<Found>(FIND, event, group, id))
      })
    },
    list(filter) {
      return opened().own.alone((session) => list(session, filter))
    },
  }
}

async function begin(tx: MysqlTx, session: Session, key: JournalKey) {
  const { event, group, id } = key
  demandTexts(key)
  const seq = await session.insert(BEGIN, event, group, id)
  if (seq > 0) return void note(tx, key, seq)
  const found = await session.row<Found>(`${FIND} FOR UPDATE`, event, group, id)
  if (found?.outcome === ('' as string)) note(tx, key, found!.seq)
  return entryOf(found)
}

async function finish(tx: MysqlTx, session: Session, entry: Omit<JournalEntry, 'at'>) {
  const { event, group, id, key, hash, outcome, result } = entry
  demandTexts(entry)
  demandLength(key, CHARS.id, `Recording ${event}/${group}/${id}`)
  const seq = begunAs(tx, entry)
  if (seq !== undefined) {
    const { changes } = await session.run(FINISH, key, hash, outcome, result, seq)
    if (changes === 1) return void forget(tx, entry)
  }
  await session.run(INSERT, event, group, id, key, hash, outcome, result)
}

function list(session: Session, filter: JournalFilter): Promise<JournalEntry[]> {
  const terms = ["outcome <> ''"]
  const values: SqlValue[] = []
  const demand = (term: string, value: SqlValue | undefined) => {
    if (value === undefined) return
    terms.push(term)
    values.push(value)
  }
  demand('event = ?', filter.event)
  demand('grp = ?', filter.group)
  demand('at >= ?', filter.since)
  demand('at < ?', filter.until)
  const sql = `SELECT ${COLUMNS} FROM hufu_journal WHERE ${terms.join(' AND ')}
    ORDER BY seq DESC LIMIT ${whole(filter.limit)}`
  return session.rows<JournalEntry>(sql, ...values)
}

function entryOf(found: Found | undefined): JournalEntry | undefined {
  if (found === undefined || found.outcome === ('' as string)) return undefined
  const { seq, ...entry } = found
  return entry
}

function demandTexts({ event, group, id }: JournalKey): void {
  const what = `Recording ${event}/${group}/${id}`
  demandLength(event, CHARS.name, what)
  demandLength(group, CHARS.name, what)
  demandLength(id, CHARS.id, what)
}

function note(tx: MysqlTx, key: JournalKey, seq: number): void {
  if (tx instanceof LiveTx) tx.begun.set(nameOf(key), seq)
}

function begunAs(tx: MysqlTx, key: JournalKey): number | undefined {
  return tx instanceof LiveTx ? tx.begun.get(nameOf(key)) : undefined
}

function forget(tx: MysqlTx, key: JournalKey): void {
  if (tx instanceof LiveTx) tx.begun.delete(nameOf(key))
}

function nameOf({ event, group, id }: JournalKey): string {
  return JSON.stringify([event, group, id])
}
