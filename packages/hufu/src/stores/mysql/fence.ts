import type { FenceStore, FenceWord } from '../../ports/store.ts'
import type { Opened } from './access.ts'
import { NOW, unlessThere } from './session.ts'
import { CHARS, demandLength } from './texts.ts'
import { type MysqlTx, sessionOf } from './tx.ts'

const INSERT = `INSERT INTO hufu_fence (key_value, word, at) VALUES (?, ?, ${NOW})
  ${unlessThere('seq')}`

export function createFence(opened: Opened): FenceStore<MysqlTx> {
  return {
    async write(tx, key, word) {
      demandLength(key, CHARS.fence, `Fencing ${key}`)
      const session = await sessionOf(tx, opened().names)
      if ((await session.insert(INSERT, key, word)) > 0) return word
      const sql = 'SELECT word FROM hufu_fence WHERE key_value = ? FOR UPDATE'
      return (await session.row<{ word: FenceWord }>(sql, key))!.word
    },
  }
}
