import type { DatabaseSync } from 'node:sqlite'
import { readLine } from '../input/read-line.ts'
import { storedLines } from '../input/spool.ts'
import type { Findings } from './findings.ts'

interface OrderRow {
  readonly user_id: string
  readonly sku: string
  readonly cents: bigint
  readonly coupon_id: string | null
  readonly line: bigint
}

/**
 * Reads the input again, and looks for each line's outcome in the database. Of a run that broke
 * off (`finished` false) only the lines that it says are taken in.
 */
export async function checkIntake(
  dir: string,
  db: DatabaseSync,
  found: Findings,
  finished: boolean,
): Promise<void> {
  const expected = { placed: 0, repeated: 0, rejected: 0 }
  const find = db.prepare('SELECT user_id, sku, cents, coupon_id, line FROM orders WHERE id = ?')
  const isTakenIn = takenIn(db)
  for await (const line of storedLines(dir)) {
    if (!finished && !isTakenIn(line.number)) continue
    const reading = readLine(line)
    if (reading.kind === 'empty') continue
    if (reading.kind === 'bad') {
      expected.rejected++
      continue
    }
    const { id, userId, sku, cents, couponId } = reading.order
    const row = find.get(id) as OrderRow | undefined
    const same =
      row?.user_id === userId &&
      row.sku === sku &&
      row.cents === BigInt(cents) &&
      row.coupon_id === couponId
    const placedAt = Number(row?.line ?? 0)
    if (placedAt > 0 && placedAt < line.number) expected[same ? 'repeated' : 'rejected']++
    else {
      expected.placed++
      if (!row) found.add('lost', `line ${line.number}: the order ${id} is not placed`)
      else if (!same) found.add('wrong', `line ${line.number}: the order ${id} is another one`)
      else if (placedAt !== line.number) {
        found.add('wrong', `line ${line.number}: the order ${id} has line ${placedAt}`)
      }
    }
  }
  compareCounts(db, expected, found)
}

function takenIn(db: DatabaseSync): (number: number) => boolean {
  const upTo = Number(db.prepare('SELECT line FROM intake').get()!.line)
  const ahead = new Set(
    db
      .prepare('SELECT line FROM ahead')
      .all()
      .map(({ line }) => Number(line)),
  )
  return (number) => number <= upTo || ahead.has(number)
}

function compareCounts(
  db: DatabaseSync,
  expected: { placed: number; repeated: number; rejected: number },
  found: Findings,
): void {
  const intake = db.prepare('SELECT placed, repeated, rejected FROM intake').get()!
  const stored = Number(db.prepare('SELECT count(*) AS rows FROM orders').get()!.rows)
  for (const name of ['placed', 'repeated', 'rejected'] as const) {
    found[name] = Number(intake[name])
    if (found[name] === expected[name]) continue
    found.add('wrong', `${name}: the database counts ${found[name]}, the input ${expected[name]}`)
  }
  if (stored !== found.placed) {
    found.add('wrong', `placed: the database counts ${found.placed} and has ${stored} orders`)
  }
  found.orders = expected.placed + expected.repeated + expected.rejected
  const rejections = db.prepare('SELECT line, reason FROM rejections ORDER BY line').all()
  for (const { line, reason } of rejections) {
    found.rejections.push({ line: Number(line), reason: String(reason) })
  }
}
