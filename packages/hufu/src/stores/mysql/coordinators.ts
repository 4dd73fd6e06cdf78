import type { Session } from './session.ts'
import { NOW, whole } from './session.ts'

/** An end further away than anybody asks for means that the server's clock was set back. */
const ENDED = `(lease_until <= ${NOW} OR lease_until > ${NOW} + 2 * lease_ms)`

const RENEW = `UPDATE hufu_coordinators SET lease_until = ${NOW} + ?, lease_ms = ? WHERE number = ?`
const KNOWN = 'SELECT 1 FROM hufu_coordinators WHERE number = ?'

/** While it is locked so, nobody makes it void. */
const ALIVE = `SELECT 1 FROM hufu_coordinators WHERE number = ? AND NOT ${ENDED} LOCK IN SHARE MODE`

/*
 * A void coordinator is one that has no row. Numbers are given once, so whatever owner has no row
 * is gone for good: nothing need be remembered of it.
 */

export async function register(session: Session, leaseMs: number): Promise<number> {
  const sql = `INSERT INTO hufu_coordinators (lease_until, lease_ms) VALUES (${NOW} + ?, ?)`
  return session.insert(sql, leaseMs, leaseMs)
}

/** False when it is void. */
export async function renew(session: Session, owner: number, leaseMs: number): Promise<boolean> {
  const { changes } = await session.run(RENEW, leaseMs, leaseMs, owner)
  // Renewed twice within a millisecond nothing changes, and some connections count changes.
  return changes > 0 || (await session.row(KNOWN, owner)) !== undefined
}

export async function unregister(session: Session, owner: number): Promise<void> {
  await session.run('DELETE FROM hufu_coordinators WHERE number = ?', owner)
}

/** It is neither void nor has its lease ended; in a transaction that stays so. */
export async function isAlive(session: Session, owner: number): Promise<boolean> {
  return (await session.row(ALIVE, owner)) !== undefined
}

/** Numbers of those whose lease has ended, and nobody has noticed. */
export async function expired(session: Session): Promise<number[]> {
  const sql = `SELECT number FROM hufu_coordinators WHERE ${ENDED}`
  return (await session.rows<{ number: number }>(sql)).map(({ number }) => number)
}

/** Makes void those of these that have not renewed their lease meanwhile. */
export async function makeVoid(session: Session, numbers: readonly number[]): Promise<void> {
  for (const number of numbers) {
    await session.run(`DELETE FROM hufu_coordinators WHERE number = ? AND ${ENDED}`, number)
  }
}

/** Owners of transactions that are void. */
export async function voidOwners(session: Session): Promise<number[]> {
  // In this order: who registers in between has no transactions in the first answer.
  const owners = await allOwners(session)
  if (owners.length === 0) return []
  const sql = `SELECT number FROM hufu_coordinators WHERE number IN (${owners.join(',')})`
  const known = await session.rowsOfText<{ number: number }>(sql)
  const numbers = new Set(known.map(({ number }) => number))
  return owners.filter((owner) => !numbers.has(owner))
}

/** From one to the next in the index: a DISTINCT would pass over every row that is in hand. */
async function allOwners(session: Session): Promise<number[]> {
  const owners: number[] = []
  for (let after = 0; ; ) {
    const sql = `SELECT MIN(owner) AS next FROM hufu_transactions WHERE owner > ${whole(after)}`
    const [row] = await session.rowsOfText<{ next: number | null }>(sql)
    if (!row || row.next === null) return owners
    after = row.next
    owners.push(after)
  }
}
