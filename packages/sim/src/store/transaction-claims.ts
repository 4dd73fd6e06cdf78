import { endExpired, isAlive } from './coordinators.ts'
import type { Database } from './database.ts'
import {
  type DefinitionRef,
  TRANSACTIONS,
  type TransactionClaim,
  type TransactionRecord,
} from './port.ts'
import type { ModelTx } from './tx.ts'

/** Rows that others have locked are passed over. */
export async function claimRows(
  tx: ModelTx,
  database: Database,
  { owner, definitions, limit }: TransactionClaim,
): Promise<TransactionRecord[]> {
  if (!isAlive(tx, database, owner)) return []
  const ended = await endExpired(tx, database)
  const now = database.now()
  const isOrphan = (row: TransactionRecord) => ended.has(row.owner)
  const isDue = (row: TransactionRecord) => {
    return row.owner === 0 && row.dueAt !== null && row.dueAt <= now
  }
  const free = (row: TransactionRecord) => {
    return row.finishedAt === null && (isOrphan(row) || isDue(row)) && isOf(row, definitions)
  }
  const found = tx.rows<TransactionRecord>(TRANSACTIONS).filter(free)
  const inOrder = [
    ...found.filter(isOrphan),
    ...found.filter(isDue).sort((a, b) => a.dueAt! - b.dueAt!),
  ]
  const claimed: TransactionRecord[] = []
  for (const { id } of inOrder) {
    if (claimed.length === limit) break
    const row = await claimOne(tx, id, owner, free)
    if (row !== undefined) claimed.push(row)
  }
  return claimed
}

async function claimOne(
  tx: ModelTx,
  id: string,
  owner: number,
  free: (row: TransactionRecord) => boolean,
): Promise<TransactionRecord | undefined> {
  if (!tx.tryLock(TRANSACTIONS, id)) return undefined
  const row = tx.get<TransactionRecord>(TRANSACTIONS, id)
  if (row === undefined || !free(row)) return undefined
  const mine = { ...row, owner }
  await tx.put(TRANSACTIONS, id, mine)
  return mine
}

export function isOf(
  { name, hash }: DefinitionRef,
  definitions: readonly DefinitionRef[],
): boolean {
  return definitions.some((one) => one.name === name && one.hash === hash)
}
