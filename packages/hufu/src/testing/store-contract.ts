import { describe, it } from 'node:test'
import { nodeOs } from '@hufu/os'
import type { Store } from '../ports/store.ts'
import { outboxContract } from './outbox-contract.ts'
import { recordsContract } from './records-contract.ts'
import { transactionContract } from './transaction-contract.ts'

/** A fresh store, not yet open, and what removes it and its data. */
export interface StoreFixture<Tx, Foreign> {
  readonly store: Store<Tx, Foreign>
  /** Another store object on the same data, as another process would have it. */
  readonly another: () => Store<Tx, Foreign>
  readonly remove: () => Promise<void> | void
}

export type MakeStore<Tx, Foreign> = () => Promise<StoreFixture<Tx, Foreign>>

/** Runs `fn` with an open store, then closes and removes it. */
export type WithStore<Tx, Foreign> = (
  fn: (store: Store<Tx, Foreign>, another: Store<Tx, Foreign>) => Promise<void>,
) => () => Promise<void>

/** What every store must hold, as its user sees it. Call it in a file that `node --test` runs. */
export function storeContract<Tx, Foreign>(name: string, makeStore: MakeStore<Tx, Foreign>): void {
  const withStore: WithStore<Tx, Foreign> = (fn) => async () => {
    const fixture = await makeStore()
    const another = fixture.another()
    await fixture.store.open(nodeOs)
    await another.open(nodeOs)
    try {
      await fn(fixture.store, another)
    } finally {
      await another.close()
      await fixture.store.close()
      await fixture.remove()
    }
  }
  describe(`store contract: ${name}`, () => {
    transactionContract(it, withStore)
    outboxContract(it, withStore)
    recordsContract(it, withStore)
  })
}
