import { HufuError, messageOf } from '../errors.ts'
import type { FenceWord, Store } from '../ports/store.ts'
import type { Runtime } from '../service/runtime.ts'
import type { Coordinator } from './coordinator.ts'

/** What a two-phase message's local transaction returned; `repeated`: it did not run. */
export type Sent<T> =
  | { readonly repeated: false; readonly result: T }
  | { readonly repeated: true; readonly result?: undefined }

/** The row that says what became of the local transaction of a two-phase message. */
function fenceKey(id: string): string {
  return `msg ${id}`
}

/** Writes the word unless one is there: the check-back's question, in a transaction. */
export function fenceIn<Tx, Foreign>(store: Store<Tx, Foreign>) {
  return (id: string, word: FenceWord): Promise<FenceWord> => {
    return store.transaction((tx) => store.fence.write(tx, fenceKey(id), word))
  }
}

/**
 * The sender's side of a two-phase message that is stored already as prepared: the local
 * transaction with the fence's word in it, then the second word. When that does not arrive, the
 * check-back finds out by the same fence.
 */
export async function sendLocally<Tx, Foreign, T>(
  { store, warn }: Runtime<Tx, Foreign>,
  coordinator: Coordinator<Tx, Foreign>,
  id: string,
  fn: (tx: Tx) => Promise<T> | T,
): Promise<T> {
  let result: T
  try {
    result = await store.transaction(async (tx) => {
      const word = await store.fence.write(tx, fenceKey(id), 'committed')
      if (word === 'committed') return fn(tx)
      const text = 'the coordinator has asked, and was told that it is rolled back'
      throw new HufuError('FENCED', `Sending ${id}: ${text}`)
    })
  } catch (error) {
    await abort()
    throw error
  }
  coordinator.tell(id, { type: 'submitted' })
  return result

  /** A throw does not say that nothing was stored: a commit's answer may have been lost. */
  async function abort(): Promise<void> {
    try {
      const word = await fenceIn(store)(id, 'rolledBack')
      if (word === 'committed') coordinator.tell(id, { type: 'submitted' })
      else coordinator.tell(id, { type: 'aborted', detail: 'the local transaction failed' })
    } catch (error) {
      warn(`Sending ${id}: ${messageOf(error)}; it is asked later what became of it`)
    }
  }
}
