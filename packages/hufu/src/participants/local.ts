import { onceIn } from '../ports/once.ts'
import type { Participant, ParticipantRequest } from '../ports/participant.ts'
import type { Store } from '../ports/store.ts'

/** A participant's work in a transaction of its store; `ended`: what is to be undone returned. */
export type LocalWork<Tx> = (
  tx: Tx,
  request: ParticipantRequest,
  ended: unknown,
) => Promise<unknown> | unknown

/**
 * A function of this process that works in a transaction of `store`. The barrier stands in the same
 * transaction: repeats return what was returned, an undoing without anything to undo and a work
 * that comes after its undoing do not reach the function.
 */
export function localParticipant<Tx, Foreign>(
  store: Store<Tx, Foreign>,
  work: LocalWork<Tx>,
): Participant {
  const call = (request: ParticipantRequest) =>
    onceIn(store, request, (tx, ended) => work(tx, request, ended))
  return { kind: 'local', call }
}
