import { type DoFunction, doerOf, type EndFunction, enderOf } from './kinds/participant.ts'
import { type LocalWork, localParticipant } from './participants/local.ts'
import type { Participant } from './ports/participant.ts'
import type { Store } from './ports/store.ts'

/**
 * A step's work in a transaction of another store than Hufu's own (the stock's database, the
 * bank's), behind the barrier there. Open that store before.
 */
export function doIn<Tx, Foreign, In, Out>(
  store: Store<Tx, Foreign>,
  work: DoFunction<Tx, In, Readonly<Record<string, unknown>>, Out>,
): Participant<In, Out> {
  return localParticipant(store, doerOf(work) as LocalWork<Tx>) as Participant<In, Out>
}

/** The same for an undoing, a confirmation or a cancellation; `result`: what is ended returned. */
export function endIn<Tx, Foreign, In, Out>(
  store: Store<Tx, Foreign>,
  work: EndFunction<Tx, In, Readonly<Record<string, unknown>>, Out>,
): Participant<In> {
  return localParticipant(store, enderOf(work) as LocalWork<Tx>) as Participant<In>
}
