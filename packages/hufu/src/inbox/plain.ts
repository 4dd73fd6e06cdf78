import { hashOf } from '../json.ts'
import { CONTROL } from '../limits.ts'
import type { Message } from './message.ts'

/** What every database takes in an id or a key, characters. */
const CHARS_MAX = 255

const ODD = /[^\n\u0020-\u007e]/g

/** A message with words about it, as it is stored. */
export interface Told {
  readonly message: Message
  readonly detail: string
}

/**
 * The same in words that any database takes; undefined when they are so already. An id of a foreign
 * publisher that cannot be stored becomes its hash, such a key none.
 */
export function plainly({ message, detail }: Told): Told | undefined {
  const { id, key, ...rest } = message
  const plain = {
    message: {
      ...rest,
      id: isStorable(id) ? id : `id ${hashOf(Buffer.from(id))}`,
      ...(key !== undefined && isStorable(key) && { key }),
    },
    detail: detail.replace(ODD, '?'),
  }
  const changed = plain.detail !== detail || plain.message.id !== id || plain.message.key !== key
  return changed ? plain : undefined
}

function isStorable(word: string): boolean {
  return word.length <= CHARS_MAX && word.isWellFormed() && !CONTROL.test(word)
}
