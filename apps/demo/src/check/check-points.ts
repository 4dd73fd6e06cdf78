import type { DatabaseSync } from 'node:sqlite'
import type { Findings } from './findings.ts'

/** The first time that each order's points were added, user by user, as they were added. */
const APPLIED = `
  SELECT l.user_id AS user, o.seq AS seq FROM points.ledger l JOIN orders o ON o.id = l.order_id
  WHERE l.seq = (SELECT min(f.seq) FROM points.ledger f WHERE f.order_id = l.order_id)
  ORDER BY l.user_id, l.seq`

const WRONG_POINTS = `
  SELECT o.id, l.points, o.cents FROM points.ledger l JOIN orders o ON o.id = l.order_id
  WHERE l.points <> o.cents / 100 OR l.user_id <> o.user_id`

const BALANCES = `
  SELECT user_id AS user, b.points AS balance,
    (SELECT sum(points) FROM points.ledger l WHERE l.user_id = b.user_id) AS sum
  FROM points.balances b
  UNION ALL SELECT user_id, 0, sum(points) FROM points.ledger l
  WHERE NOT EXISTS (SELECT 1 FROM points.balances b WHERE b.user_id = l.user_id) GROUP BY user_id`

/** Points are right, add up to the balances, and were added in the order of the commits. */
export function checkPoints(db: DatabaseSync, found: Findings): void {
  for (const { id, points, cents } of db.prepare(WRONG_POINTS).iterate()) {
    found.add('wrong', `points of order ${id}: ${points} for ${cents} cents, or the wrong user`)
  }
  for (const { user, balance, sum } of db.prepare(BALANCES).iterate()) {
    if (typeof balance === 'bigint') found.pointsSum += balance
    if (balance === sum) continue
    found.add('wrong', `points of user ${user}: balance ${balance}, the ledger adds up to ${sum}`)
  }
  checkOrder(db, found)
}

function checkOrder(db: DatabaseSync, found: Findings): void {
  let user: unknown
  let applied: number[] = []
  const close = () => {
    const pairs = inversions(applied)
    if (pairs > 0) found.add('outOfOrder', `orders of user ${user} out of order: ${pairs}`, pairs)
    applied = []
  }
  for (const row of db.prepare(APPLIED).iterate()) {
    if (row.user !== user) close()
    user = row.user
    applied.push(Number(row.seq))
  }
  close()
}

/** Pairs that stand the wrong way round; by merge sort, `values` is sorted afterwards. */
export function inversions(values: number[]): number {
  if (values.length < 2) return 0
  const left = values.slice(0, values.length >> 1)
  const right = values.slice(values.length >> 1)
  let pairs = inversions(left) + inversions(right)
  let atLeft = 0
  let atRight = 0
  for (let at = 0; at < values.length; at++) {
    const takeLeft =
      atRight === right.length || (atLeft < left.length && left[atLeft]! <= right[atRight]!)
    if (takeLeft) values[at] = left[atLeft++]!
    else {
      values[at] = right[atRight++]!
      pairs += left.length - atLeft
    }
  }
  return pairs
}
