import type { DatabaseSync } from 'node:sqlite'
import type { Findings } from './findings.ts'

/** Orders of which a service has no effect and no parked work. `of`: orders it must act on. */
const LOST = (effects: string, service: string, of: string) => `
  SELECT o.id AS text FROM orders o WHERE ${of}
  AND NOT EXISTS (SELECT 1 FROM ${effects} e WHERE e.order_id = o.id)
  AND NOT EXISTS (SELECT 1 FROM ${service}.hufu_parked p
    WHERE p.id = o.id AND p.kind = 'consume' AND p.state = 'parked')`

const TWICE = (effects: string) => `
  SELECT order_id AS text, count(*) - 1 AS times FROM ${effects}
  GROUP BY order_id HAVING count(*) > 1`

const WITHOUT_ORDER = (effects: string) => `
  SELECT order_id AS text FROM ${effects} e
  WHERE NOT EXISTS (SELECT 1 FROM orders o WHERE o.id = e.order_id)`

/** A coupon belongs to one order; who came too late must have been told so, and nobody else. */
const REFUSED_WRONGLY = `
  SELECT id AS text FROM orders o WHERE coupon_state = 'refused' AND NOT EXISTS (
    SELECT 1 FROM coupon.redemptions r WHERE r.coupon_id = o.coupon_id AND r.order_id <> o.id)`

const REFUSED_BUT_USED = `
  SELECT o.id AS text FROM orders o JOIN coupon.redemptions r ON r.order_id = o.id
  WHERE o.coupon_state <> 'used' OR r.coupon_id IS NOT o.coupon_id`

const COUPON_TWICE = `
  SELECT coupon_id AS text, count(*) - 1 AS times FROM coupon.redemptions
  GROUP BY coupon_id HAVING count(DISTINCT order_id) > 1`

/** The order was never told what became of its coupon. */
const UNTOLD = `
  SELECT id AS text FROM orders o WHERE (coupon_id IS NULL) <> (coupon_state = 'none')
  OR coupon_state = 'pending' AND NOT EXISTS (SELECT 1 FROM coupon.hufu_parked p
    WHERE p.id = o.id AND p.kind = 'consume' AND p.state = 'parked')`

type Kind = Parameters<Findings['add']>[0]

/** Every placed order has each of its effects once, and no effect is there without an order. */
export function checkEffects(db: DatabaseSync, found: Findings): void {
  const look = (kind: Kind, what: string, sql: string) => {
    for (const { text, times = 1n } of db.prepare(sql).iterate()) {
      found.add(kind, `${what}: ${text}`, Number(times))
    }
  }
  const tables = [
    { effects: 'points.ledger', service: 'points', name: 'points', of: 'true' },
    { effects: 'sms.sent', service: 'sms', name: 'SMS', of: 'true' },
    {
      effects: 'coupon.redemptions',
      service: 'coupon',
      name: 'coupon',
      of: "o.coupon_id IS NOT NULL AND o.coupon_state <> 'refused'",
    },
  ]
  for (const { effects, service, name, of } of tables) {
    look('lost', `${name} missing for order`, LOST(effects, service, of))
    look('duplicated', `${name} more than once for order`, TWICE(effects))
    look('wrong', `${name} without an order`, WITHOUT_ORDER(effects))
  }
  look('duplicated', 'coupon used by more than one order', COUPON_TWICE)
  look('wrong', 'coupon refused though nobody else used it, order', REFUSED_WRONGLY)
  look('wrong', 'coupon used, but the order says otherwise', REFUSED_BUT_USED)
  look('wrong', 'coupon without an outcome, order', UNTOLD)
  countEffects(db, found)
}

function countEffects(db: DatabaseSync, found: Findings): void {
  const count = (from: string) =>
    Number(db.prepare(`SELECT count(*) AS rows FROM ${from}`).get()!.rows)
  found.effects.points = count('points.ledger')
  found.effects.sms = count('sms.sent')
  found.effects.couponsUsed = count('coupon.redemptions')
  found.effects.couponsRefused = count("orders WHERE coupon_state = 'refused'")
}
