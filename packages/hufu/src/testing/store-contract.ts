import { describe, it } from 'node:test'
import { nodeOs } from '@hufu/os'
import type { Store } from '../ports/store.ts'
import { BARRIER_RULES } from './barrier-contract.ts'
import { COORDINATOR_RULES } from './coordinators-contract.ts'
import { FENCE_RULES } from './fence-contract.ts'
import { OUTBOX_RULES } from './outbox-contract.ts'
import { RECORD_RULES } from './records-contract.ts'
import type { StoreRule } from './store-rule.ts'
import { TRANSACTION_RULES } from './transaction-contract.ts'
import { SAVED_RULES } from './transactions-contract.ts'
import { LISTED_RULES } from './transactions-lists-contract.ts'

/** A fresh store, not yet open, and what removes it and its data. */
export interface StoreFixture<Tx, Foreign> {
  readonly store: Store<Tx, Foreign>
  /** Another store object on the same data, as another process would have it. */
  readonly another: () => Store<Tx, Foreign>
  readonly remove: () => Promise<void> | void
}

export type MakeStore<Tx, Foreign> = () => Promise<StoreFixture<Tx, Foreign>>

const RULES: Readonly<Record<string, StoreRule>> = {
  ...TRANSACTION_RULES,
  ...OUTBOX_RULES,
  ...FENCE_RULES,
  ...RECORD_RULES,
  ...BARRIER_RULES,
  ...SAVED_RULES,
  ...COORDINATOR_RULES,
  ...LISTED_RULES,
}

/** What every store must hold, as its user sees it. Call it in a file that `node --test` runs. */
export function storeContract<Tx, Foreign>(name: string, makeStore: MakeStore<Tx, Foreign>): void {
  describe(`store contract: ${name}`, () => {
    for (const [rule, holds] of Object.entries(RULES)) it(rule, () => withStores(makeStore, holds))
  })
}

async function withStores<Tx, Foreign>(
  makeStore: MakeStore<Tx, Foreign>,
  holds: StoreRule,
): Promise<void> {
  const fixture = await makeStore()
  const another = fixture.another()
  await fixture.store.open(nodeOs)
  await another.open(nodeOs)
  try {
    await holds(fixture.store, another)
  } finally {
    await another.close()
    await fixture.store.close()
    await fixture.remove()
  }
}
