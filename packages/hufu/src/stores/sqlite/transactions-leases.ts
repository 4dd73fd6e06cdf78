import type { Connection } from './connection.ts'

/**
 * How long a void coordinator is remembered, ms: a transaction of a user's that began before its
 * end may bring rows of it so much later. What comes later still is found when a coordinator
 * registers.
 */
const REMEMBERED_MS = 3_600_000

const FORGET = `DELETE FROM hufu_coordinators WHERE ended_at < ?1 AND NOT EXISTS
  (SELECT 1 FROM hufu_transactions WHERE owner = number AND owner <> 0 AND finished_at IS NULL)`

/** Nobody knows their owner. */
const ADOPT = `UPDATE hufu_transactions SET owner = 0, due_at = ?1
  WHERE owner <> 0 AND finished_at IS NULL AND owner NOT IN (SELECT number FROM hufu_coordinators)`

const REGISTER = `INSERT INTO hufu_coordinators (lease_until, lease_ms) VALUES (?1 + ?2, ?2)
  RETURNING number`

const RENEW = `UPDATE hufu_coordinators SET lease_until = ?2 + ?3, lease_ms = ?3
  WHERE number = ?1 AND ended_at IS NULL`

const END = 'UPDATE hufu_coordinators SET ended_at = ?2 WHERE number = ?1 AND ended_at IS NULL'

/** An end further away than anybody asks for means that the clock was set back. */
const LEASE_OVER = '(lease_until <= ?1 OR lease_until > ?1 + 2 * lease_ms)'

const END_EXPIRED = `UPDATE hufu_coordinators SET ended_at = ?1
  WHERE ended_at IS NULL AND ${LEASE_OVER}`

const EXPIRED = `SELECT 1 FROM hufu_coordinators WHERE ended_at IS NULL AND ${LEASE_OVER} LIMIT 1`

const ALIVE = `SELECT 1 FROM hufu_coordinators
  WHERE number = ?2 AND ended_at IS NULL AND NOT ${LEASE_OVER}`

export function register(connection: Connection, leaseMs: number, now: number): number {
  connection.run(FORGET, now - REMEMBERED_MS)
  connection.run(ADOPT, now)
  return connection.get<{ number: number }>(REGISTER, now, leaseMs)!.number
}

/** False when it is void. */
export function renew(connection: Connection, owner: number, leaseMs: number, now: number) {
  return connection.run(RENEW, owner, now, leaseMs) === 1
}

export function unregister(connection: Connection, owner: number, now: number): void {
  connection.run(END, owner, now)
}

/** It is not void and its lease has not ended. */
export function isAlive(connection: Connection, owner: number, now: number): boolean {
  return connection.tuple(ALIVE, now, owner) !== undefined
}

/** Somebody's lease has ended, and nobody has noticed. */
export function isAnyExpired(connection: Connection, now: number): boolean {
  return connection.tuple(EXPIRED, now) !== undefined
}

/** Makes those void whose lease has ended. */
export function endExpired(connection: Connection, now: number): void {
  connection.run(END_EXPIRED, now)
}
