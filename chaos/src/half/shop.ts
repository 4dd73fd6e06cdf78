import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { createHufu, isHufuError } from 'hufu'
import { sqlite } from 'hufu/stores/sqlite'
import type { EmbeddedTransport } from 'hufu/transports/embedded'
import type { Doom } from './death.ts'
import { EVENT, type Files, GROUP, SHOP } from './files.ts'
import type { NoteFile } from './note-file.ts'
import { orderSchema } from './order-schema.ts'
import type { Kind } from './plan.ts'
import { Forgotten, watchedTransport } from './watched-transport.ts'

/** `version`: of the half message whose local transaction wrote the row. */
const TABLES = `CREATE TABLE IF NOT EXISTS orders (id TEXT PRIMARY KEY, version INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS ended (id TEXT PRIMARY KEY)`

/** Asked for soon, so that a run does not take hours. */
const CHECK = { first: '150ms', every: '150ms' } as const

const AGAIN_MS = 30

/** The local transaction fails. */
class RolledBack extends Error {}

export interface ShopOptions {
  readonly files: Files
  readonly transport: EmbeddedTransport
  readonly doom: Doom
  readonly notes: NoteFile
  readonly kindOf: (id: string) => Kind
}

/** The producer. */
export function openShop({ files, transport, doom, notes, kindOf }: ShopOptions) {
  const store = sqlite(files.shop, { setUp: (db) => db.exec(TABLES) })
  const versions = new Map<string, number>()
  const watch = {
    doom,
    notes,
    kindOf,
    onHalf: (id: string, version: number) => void versions.set(id, version),
    isCommitted: committedIn(files.shop),
  }
  const watched = watchedTransport(transport, watch)
  const hufu = createHufu({ service: SHOP, store, transport: watched })
  const Placed = hufu.event(EVENT, orderSchema, { groups: [GROUP] })

  async function attempt(id: string): Promise<void> {
    await Placed.transactional({ id }, { id, check: CHECK }, (tx) => {
      tx.run('INSERT INTO orders (id, version) VALUES (?, ?)', id, versions.get(id)!)
      doom.reach('in the local transaction')
      if (kindOf(id) === 'rollback') throw new RolledBack()
    })
  }

  /** Does with the message what is planned for it, also when an earlier life began it. */
  async function place(id: string): Promise<void> {
    while (!(await attempt(id).then(() => true, isOver))) await sleep(AGAIN_MS)
    await store.transaction((tx) => tx.run('INSERT OR IGNORE INTO ended (id) VALUES (?)', id))
  }

  /** Messages with which this process and those before it are through. */
  async function ended(): Promise<Set<string>> {
    const rows = await store.transaction((tx) => tx.all<{ id: string }>('SELECT id FROM ended'))
    return new Set(rows.map(({ id }) => id))
  }

  const open = async () => (await Placed.unreceipted({ limit: 1 })).length
  return { hufu, watched, place, ended, open }
}

/** False for what is to be tried again: an earlier attempt is undecided, or the broker asked. */
function isOver(error: unknown): boolean {
  if (error instanceof RolledBack || error instanceof Forgotten) return true
  if (isHufuError(error, 'IN_PROGRESS') || isHufuError(error, 'FENCED')) return false
  throw error
}

/** Looks from outside of the store, as anybody would who gets the message. */
function committedIn(path: string): (id: string) => boolean {
  let db: DatabaseSync | undefined
  return (id) => {
    db ??= new DatabaseSync(path, { readOnly: true })
    return db.prepare('SELECT 1 FROM orders WHERE id = ?').get(id) !== undefined
  }
}
