import type { Database } from '../store/database.ts'
import type { ModelTx, Row } from '../store/tx.ts'

/** Money of one owner at one bank. */
export interface AccountRow extends Row {
  readonly balance: number
  readonly frozen: number
}

/** What one operation did, written in the transaction in which it did it. */
export interface EffectRow extends Row {
  /** Of the global transaction. */
  readonly id: string
  readonly branch: string
  readonly op: string
  readonly balance: number
  readonly frozen: number
  readonly run: number
}

const ACCOUNTS = 'accounts'
export const EFFECTS = 'effects'

export const OWNERS = 3
/** What each has at the beginning. */
export const FIRST_CENTS = 1_000

export interface Move {
  readonly owner: number
  readonly balance: number
  readonly frozen?: number
}

/**
 * Moves the money and notes it. False: there is not enough of it, and nothing is done. What takes
 * back or ends something is never refused.
 */
export async function move(
  tx: ModelTx,
  who: Pick<EffectRow, 'id' | 'branch' | 'op' | 'run'>,
  { owner, balance, frozen = 0 }: Move,
  refusable: boolean,
): Promise<boolean> {
  const account = String(owner)
  await tx.lock(ACCOUNTS, account)
  const had = tx.get<AccountRow>(ACCOUNTS, account) ?? { balance: FIRST_CENTS, frozen: 0 }
  const has: AccountRow = { balance: had.balance + balance, frozen: had.frozen + frozen, order: 0 }
  if (refusable && has.balance < 0 && balance < 0) return false
  await tx.put(ACCOUNTS, account, has)
  const effect: EffectRow = { ...who, balance, frozen, order: 0 }
  await tx.put(EFFECTS, `${who.id}/${who.branch}/${who.op}/${who.run}`, effect)
  return true
}

/** All money of a bank, and what its effects say that it should be. */
export function totals(database: Database): { cents: number; frozen: number; noted: AccountRow } {
  const noted = { balance: OWNERS * FIRST_CENTS, frozen: 0 }
  for (const { balance, frozen } of database.rows<EffectRow>(EFFECTS)) {
    noted.balance += balance
    noted.frozen += frozen
  }
  const total = { cents: 0, frozen: 0 }
  const accounts = database.table(ACCOUNTS)
  for (let owner = 0; owner < OWNERS; owner++) {
    const row = accounts.get(String(owner)) as AccountRow | undefined
    total.cents += row?.balance ?? FIRST_CENTS
    total.frozen += row?.frozen ?? 0
  }
  return { ...total, noted }
}
