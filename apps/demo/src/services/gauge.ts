import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { openAll } from './databases.ts'

/** How far the work is, as the databases say. */
export interface Reading {
  /** Last line taken in, non-empty lines taken in, and orders placed. */
  readonly line: number
  readonly taken: number
  readonly placed: number
  /** Points, SMS and coupons that took effect. */
  readonly effects: number
  /** Orders that not every service has answered, and of them those that wait for a person. */
  readonly open: number
  readonly parked: number
  /** Answers of services that are missing, and of them those that wait for a person. */
  readonly missing: number
  readonly givenUp: number
}

const READ = `SELECT line, placed + repeated + rejected AS taken, placed,
  (SELECT ifnull(max(seq), 0) FROM points.ledger) + (SELECT ifnull(max(seq), 0) FROM sms.sent)
    + (SELECT ifnull(max(seq), 0) FROM coupon.redemptions) AS effects,
  (SELECT count(*) FROM hufu_outbox WHERE due_at IS NOT NULL) AS open,
  (SELECT count(*) FROM (${parkedOf('UNION')})) AS parked,
  (SELECT ifnull(sum(missing), 0) FROM hufu_outbox WHERE due_at IS NOT NULL) AS missing,
  (SELECT count(*) FROM (${parkedOf('UNION ALL')})) AS givenUp
  FROM intake`

function parkedOf(union: string): string {
  const parked = ['coupon', 'points', 'sms'].map(
    (service) =>
      `SELECT id FROM ${service}.hufu_parked WHERE state = 'parked' AND kind = 'consume'`,
  )
  return parked.join(` ${union} `)
}

/** SQLite's code while another process is recovering a database after its owner was killed. */
const BUSY = 5

/** Reads the four databases from outside; for progress, not for the verdict. */
export class Gauge {
  readonly #db: DatabaseSync
  readonly #statement: StatementSync

  constructor(dir: string) {
    this.#db = openAll(dir)
    this.#statement = this.#db.prepare(READ)
  }

  /** Undefined: they cannot be read just now. */
  read(): Reading | undefined {
    try {
      const row = Object.entries(this.#statement.get() ?? {})
      return Object.fromEntries(row.map(([name, value]) => [name, Number(value)])) as never
    } catch (error) {
      if ((error as { errcode?: number }).errcode === BUSY) return undefined
      throw error
    }
  }

  close(): void {
    this.#db.close()
  }
}
