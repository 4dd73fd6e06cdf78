import type { Database } from './database.ts'
import { COORDINATORS, type CoordinatorRecord } from './port.ts'
import type { ModelTx } from './tx.ts'

export async function register(tx: ModelTx, database: Database, leaseMs: number): Promise<number> {
  const number = database.nextRef()
  const leaseUntil = database.now() + leaseMs
  await put(tx, { number, leaseUntil, endedAt: null })
  return number
}

/** False when it is void. */
export async function renew(tx: ModelTx, database: Database, number: number, leaseMs: number) {
  const known = await locked(tx, number)
  if (known === undefined || known.endedAt !== null) return false
  await put(tx, { ...known, leaseUntil: database.now() + leaseMs })
  return true
}

export async function unregister(tx: ModelTx, database: Database, number: number): Promise<void> {
  const known = await locked(tx, number)
  if (known?.endedAt === null) await put(tx, { ...known, endedAt: database.now() })
}

/** It is not void and its lease has not ended. */
export function isAlive(tx: ModelTx, database: Database, number: number): boolean {
  const known = tx.get<CoordinatorRecord>(COORDINATORS, String(number))
  return known !== undefined && known.endedAt === null && known.leaseUntil > database.now()
}

/** Makes those void whose lease has ended; the numbers of all that are void. */
export async function endExpired(tx: ModelTx, database: Database): Promise<Set<number>> {
  const all = tx.rows<CoordinatorRecord>(COORDINATORS).sort((a, b) => a.number - b.number)
  for (const { number, endedAt, leaseUntil } of all) {
    if (endedAt !== null || leaseUntil > database.now()) continue
    const now = await locked(tx, number)
    // Renewed, while the lock was waited for.
    if (now === undefined || now.leaseUntil > database.now()) continue
    if (now.endedAt === null) await put(tx, { ...now, endedAt: database.now() })
  }
  const ended = tx.rows<CoordinatorRecord>(COORDINATORS).filter(({ endedAt }) => endedAt !== null)
  return new Set(ended.map(({ number }) => number))
}

async function locked(tx: ModelTx, number: number): Promise<CoordinatorRecord | undefined> {
  await tx.lock(COORDINATORS, String(number))
  return tx.get<CoordinatorRecord>(COORDINATORS, String(number))
}

function put(tx: ModelTx, record: CoordinatorRecord): Promise<void> {
  return tx.put(COORDINATORS, String(record.number), record)
}
