import type { Store } from '../ports/store.ts'
import type { NewTransaction, TransactionSave } from '../ports/transactions.ts'
import { transactionRow } from './rows.ts'

/** Longest lease in a test, ms: it does not end by itself. */
export const LONG_MS = 600_000

export const KNOWN = [{ name: 'd', hash: 'h' }]

export const insert = <Tx, F>(store: Store<Tx, F>, row: NewTransaction) =>
  store.transaction((tx) => store.transactions.insert(tx, row))

/** Inserts a transaction of this id. */
export const begin = <Tx, F>(store: Store<Tx, F>, id: string, more?: Partial<NewTransaction>) =>
  insert(store, transactionRow(id, more))

/** Ids of what the coordinator gets. */
export async function claim<Tx, F>(
  store: Store<Tx, F>,
  owner: number,
  { definitions = KNOWN, limit = 100 } = {},
): Promise<string[]> {
  const rows = await store.transactions.claim({ owner, definitions, limit })
  return rows.map(({ id }) => id)
}

export const save = <Tx, F>(store: Store<Tx, F>, owner: number, ...saves: TransactionSave[]) =>
  store.transaction((tx) => store.transactions.save(tx, owner, saves))

/** A save by which nothing but the state changes. */
export function saveOf(id: string, more: Partial<TransactionSave> = {}): TransactionSave {
  return { id, status: 'running', state: '{"s":1}', dueAt: null, release: false, ...more }
}

/** A coordinator whose lease has ended, nobody having noticed. */
export async function expired<Tx, F>(store: Store<Tx, F>): Promise<number> {
  const owner = await store.transactions.register(1)
  const end = (await store.now()) + 2
  while ((await store.now()) <= end) await pause(5)
  return owner
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
