import { createHufu, type Transport } from 'hufu'
import { sqlite } from 'hufu/stores/sqlite'
import type { Doom } from './death.ts'
import { EVENT, type Files, GROUP } from './files.ts'
import { orderSchema } from './order-schema.ts'

/** No unique constraint: it would hide that something was done twice. */
const TABLES = 'CREATE TABLE IF NOT EXISTS effects (n INTEGER PRIMARY KEY, id TEXT NOT NULL)'

/** The consumer. */
export function openPoints(files: Files, transport: Transport, doom: Doom) {
  const store = sqlite(files.points, { setUp: (db) => db.exec(TABLES) })
  const hufu = createHufu({ service: GROUP, store, transport })
  hufu.event(EVENT, orderSchema, { groups: [GROUP] }).consume(GROUP, (tx, { id }) => {
    tx.run('INSERT INTO effects (id) VALUES (?)', id)
    doom.reach('in the effect')
  })
  return { hufu }
}
