import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

export type ServiceName = 'order' | 'coupon' | 'points' | 'sms'

/** Each service's own SQLite file. */
export function databasePath(dir: string, service: ServiceName): string {
  return join(dir, `${service}.db`)
}

/** The broker's folder. */
export function brokerPath(dir: string): string {
  return join(dir, 'broker')
}

/**
 * The four databases side by side, read-only, as `main` (orders), `coupon`, `points` and `sms`.
 * Integers come as bigint.
 */
export function openAll(dir: string): DatabaseSync {
  const db = new DatabaseSync(databasePath(dir, 'order'), { readOnly: true, readBigInts: true })
  for (const service of ['coupon', 'points', 'sms'] as const) {
    db.prepare(`ATTACH ? AS ${service}`).run(databasePath(dir, service))
  }
  return db
}
