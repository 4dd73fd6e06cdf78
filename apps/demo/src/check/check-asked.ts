import type { DatabaseSync } from 'node:sqlite'
import type { Findings } from './findings.ts'

/** Counts what the order service has answered for second words that did not come in time. */
export function checkAsked(db: DatabaseSync, found: Findings): void {
  for (const word of ['commit', 'rollback'] as const) {
    const row = db.prepare('SELECT count(*) AS rows FROM asked WHERE word = ?').get(word)!
    found.asked[word] = Number(row.rows)
  }
}
