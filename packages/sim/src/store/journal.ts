import { JOURNAL, type JournalPort } from './port.ts'
import type { Opened } from './session.ts'
import type { Row } from './tx.ts'

type Entry = NonNullable<Awaited<ReturnType<JournalPort['find']>>>
type Record = Entry & Row & { readonly ref: number }

export function createJournal(opened: Opened): JournalPort {
  const keyOf = ({ event, group, id }: { event: string; group: string; id: string }) => {
    return `${event}/${group}/${id}`
  }
  return {
    async begin(tx, key) {
      await tx.lock(JOURNAL, keyOf(key))
      return entryOf(tx.get<Record>(JOURNAL, keyOf(key)))
    },
    async finish(tx, { event, group, id, key, hash, outcome, result }) {
      const { database } = opened()
      const at = database.now()
      const entry = { event, group, id, key, hash, outcome, result, at }
      const name = keyOf(entry)
      await tx.lock(JOURNAL, name)
      if (tx.get(JOURNAL, name)) throw new Error(`the journal has ${name} already`)
      await tx.put(JOURNAL, name, { ...entry, ref: database.nextRef() } as Record)
    },
    async find(key) {
      return entryOf(opened().database.table(JOURNAL).get(keyOf(key)) as Record | undefined)
    },
    async list({ event, group, since = 0, until = Number.POSITIVE_INFINITY, limit }) {
      const rows = opened()
        .database.rows<Record>(JOURNAL)
        .filter((row) => {
          const named = row.event === (event ?? row.event) && row.group === (group ?? row.group)
          return named && row.at >= since && row.at < until
        })
      const newest = rows.sort((a, b) => b.ref - a.ref).slice(0, limit)
      return newest.map((row) => entryOf(row)!)
    },
  }
}

function entryOf(record: Record | undefined): Entry | undefined {
  if (record === undefined) return undefined
  const { ref, order, ...entry } = record
  return entry
}
