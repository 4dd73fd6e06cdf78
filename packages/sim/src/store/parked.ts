import type { Database } from './database.ts'
import { type NewParked, PARKED, type ParkedKey, type ParkedPort, type ParkedRow } from './port.ts'
import type { Opened } from './session.ts'
import type { ModelTx, Row } from './tx.ts'

type Record = ParkedRow & Row

export function createParked(opened: Opened): ParkedPort {
  const database = () => opened().database
  const byRef = (a: Record, b: Record) => a.ref - b.ref
  return {
    add: (tx, row) => add(database(), tx, row),
    async has(key, tx) {
      const rows = tx === undefined ? database().rows<Record>(PARKED) : tx.rows<Record>(PARKED)
      return rows.some((row) => isOf(row, key))
    },
    async holding(tx, event, group, key, atMost) {
      const rows = tx.rows<Record>(PARKED).filter((row) => {
        const same = row.event === event && row.group === group && row.key === key
        return same && row.holdsKey && row.state !== 'resolved'
      })
      return Math.min(atMost, rows.length)
    },
    get: locked,
    async list({ event, group, key, kind, state, afterRef = 0, limit }) {
      const rows = database()
        .rows<Record>(PARKED)
        .filter((row) => {
          if (row.ref <= afterRef || (event ?? row.event) !== row.event) return false
          if ((group ?? row.group) !== row.group || (key ?? row.key) !== row.key) return false
          if ((kind ?? row.kind) !== row.kind) return false
          return state === undefined ? row.state !== 'resolved' : row.state === state
        })
      return rows.sort(byRef).slice(0, limit)
    },
    async due({ kind, event, group, limit }) {
      const open = database()
        .rows<Record>(PARKED)
        .filter((row) => row.state !== 'resolved')
      const now = database().now()
      const due = open.filter((row) => {
        if (row.kind !== kind || row.state !== 'waiting') return false
        if ((row.nextAttemptAt ?? 0) > now) return false
        if ((event ?? row.event) !== row.event || (group ?? row.group) !== row.group) return false
        return !open.some((other) => standsBefore(other, row))
      })
      return due.sort(byRef).slice(0, limit)
    },
    async change(tx, ref, change) {
      await tx.lock(PARKED, String(ref))
      const known = tx.get<Record>(PARKED, String(ref))
      if (known === undefined) return
      const resolvedAt = change.state === 'resolved' ? database().now() : null
      const resolution = change.resolution ?? null
      const { state, attempts, nextAttemptAt, cause = known.cause, detail = known.detail } = change
      const told = { state, attempts, nextAttemptAt, cause, detail }
      await tx.put(PARKED, String(ref), { ...known, ...told, resolvedAt, resolution } as Record)
      tx.work = true
    },
    count: async (state) => {
      return database()
        .rows<Record>(PARKED)
        .filter((row) => row.state === state).length
    },
  }
}

/** Nobody else changes it before the transaction ends. */
async function locked(tx: ModelTx, ref: number): Promise<Record | undefined> {
  await tx.lock(PARKED, String(ref))
  return tx.get<Record>(PARKED, String(ref))
}

async function add(database: Database, tx: ModelTx, row: NewParked): Promise<number> {
  const { kind, event, group, id } = row
  await tx.lock('parked once', `${kind}/${event}/${group}/${id}`)
  const known = tx.rows<Record>(PARKED).find((other) => isOf(other, row))
  if (row.state === 'waiting') tx.work = true
  if (known !== undefined) return known.ref
  const ref = database.nextRef()
  const fresh = { ref, parkedAt: database.now(), resolvedAt: null, resolution: null }
  await tx.put(PARKED, String(ref), { ...row, ...fresh } as Record)
  return ref
}

function isOf(row: Record, { kind, event, group, id }: ParkedKey): boolean {
  const same = row.kind === kind && row.event === event && row.group === group && row.id === id
  return same && row.state !== 'resolved'
}

/** Work of a key runs only when nothing that holds the key stands before it. */
function standsBefore(other: Record, row: Record): boolean {
  if (!row.holdsKey || !other.holdsKey || other.ref >= row.ref) return false
  return other.event === row.event && other.group === row.group && other.key === row.key
}
