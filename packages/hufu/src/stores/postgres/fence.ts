import type { FenceStore, FenceWord } from '../../ports/store.ts'
import type { Tables } from './tables.ts'
import { NOW } from './tables.ts'
import type { PostgresTx } from './tx.ts'
import { first, run } from './tx.ts'

export function createFence(t: Tables): FenceStore<PostgresTx> {
  const insert = `INSERT INTO ${t.fence} (key, word, at) VALUES ($1, $2, ${NOW})
    ON CONFLICT DO NOTHING`
  const find = `SELECT word FROM ${t.fence} WHERE key = $1`
  return {
    async write(tx, key, word) {
      const { rowCount } = await run(tx, insert, [key, word])
      if (rowCount === 1) return word
      return (await first<{ word: FenceWord }>(tx, find, [key]))!.word
    },
  }
}
