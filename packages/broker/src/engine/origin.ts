import type { DeadLetter } from '../api.ts'
import type { Cause } from '../queue/history.ts'
import type { MessageView } from './records.ts'

/** Whence a dead-lettered message came; stored with it. */
export interface Origin {
  /** Number and name of the queue that it failed in. */
  number: number
  queue: string
  /** Its id there. */
  id: number
  attempts: number
  history: readonly Cause[]
}

export function encodeOrigin(origin: Origin): Uint8Array {
  return Buffer.from(JSON.stringify(origin))
}

export function readOrigin(bytes: Uint8Array, message: MessageView): Origin {
  const { originAt, originBytes } = message
  return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset + originAt, originBytes).toString())
}

export function deadLetterOf(origin: Origin): DeadLetter {
  const { queue, id, attempts, history } = origin
  return { queue, id, attempts, history }
}
