import type { Store } from '../ports/store.ts'

/** Checks one rule on two open stores on the same fresh data; throws when it does not hold. */
export type StoreRule = <Tx, Foreign>(
  store: Store<Tx, Foreign>,
  another: Store<Tx, Foreign>,
) => Promise<void>
