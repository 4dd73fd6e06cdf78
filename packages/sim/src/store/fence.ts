import { FENCE, type FencePort } from './port.ts'
import type { Opened } from './session.ts'
import type { Row } from './tx.ts'

type Word = Awaited<ReturnType<FencePort['write']>>
type Record = Row & { readonly word: Word; readonly at: number }

export function createFence(opened: Opened): FencePort {
  return {
    async write(tx, key, word) {
      await tx.lock(FENCE, key)
      const known = tx.get<Record>(FENCE, key)
      if (known !== undefined) return known.word
      await tx.put(FENCE, key, { word, at: opened().database.now() } as Record)
      return word
    },
  }
}
