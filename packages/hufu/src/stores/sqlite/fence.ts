import type { FenceStore, FenceWord } from '../../ports/store.ts'
import type { Opened } from './access.ts'
import type { SqliteTx } from './tx.ts'
import { connectionOf } from './tx.ts'

const INSERT = `INSERT INTO hufu_fence (key, word, at) VALUES (?, ?, ?)
  ON CONFLICT (key) DO NOTHING`

export function createFence(opened: Opened): FenceStore<SqliteTx> {
  return {
    async write(tx, key, word) {
      const connection = connectionOf(tx)
      if (connection.run(INSERT, key, word, opened().os.clock.now()) === 1) return word
      const sql = 'SELECT word FROM hufu_fence WHERE key = ?'
      return connection.get<{ word: FenceWord }>(sql, key)!.word
    },
  }
}
