import type { Database } from '../store/database.ts'
import { OUTBOX, type OutboxRecord, outboxKey, PARKED, type ParkedRow } from '../store/port.ts'
import type { Row } from '../store/tx.ts'
import type { Findings } from '../world/findings.ts'
import {
  ANSWERS,
  type AnswerRow,
  EFFECTS,
  type EffectRow,
  GROUPS,
  type Group,
  ORDERS,
  type OrderRow,
} from './orders.ts'

/** The two databases, as they stand. */
export interface Books {
  readonly shop: Database
  readonly ledger: Database
}

/** Holds at every moment, whatever is under way. */
export function checkBooks({ shop, ledger }: Books, findings: Findings): void {
  const orders = shop.table(ORDERS)
  const rows = shop.table(OUTBOX)
  for (const id of orders.keys()) {
    const both = rows.has(outboxKey('placed', id))
    findings.check(both, 'an order and its outbox row: both or neither', () => `${id} alone`)
  }
  for (const { id } of shop.rows<OutboxRecord>(OUTBOX)) {
    findings.check(orders.has(id), 'an order and its outbox row: both or neither', () => {
      return `row ${id} alone`
    })
  }
  once(ledger.rows<EffectRow>(EFFECTS), 'an effect happens once', findings)
  once(shop.rows<AnswerRow>(ANSWERS), 'an answer is taken once', findings)
  for (const { id } of ledger.rows<EffectRow>(EFFECTS)) {
    findings.check(orders.has(id), 'no effect without an order', () => id)
  }
}

function once(rows: readonly (EffectRow | AnswerRow)[], rule: string, findings: Findings): void {
  const seen = new Set<string>()
  for (const { group, id } of rows) {
    const name = `${group}/${id}`
    findings.check(!seen.has(name), rule, () => name)
    seen.add(name)
  }
}

/** What must be when everything has come to its end. */
export function checkClosedBooks(books: Books, findings: Findings): void {
  checkBooks(books, findings)
  const { shop, ledger } = books
  const outcomes = new Map(
    ledger.rows<Row & { group: string; id: string; outcome: string }>('journal').map((entry) => {
      return [`${entry.group}/${entry.id}`, entry.outcome]
    }),
  )
  const effects = new Set(ledger.rows<EffectRow>(EFFECTS).map(({ group, id }) => `${group}/${id}`))
  const answers = new Map(
    shop.rows<AnswerRow>(ANSWERS).map(({ group, id, outcome }) => [`${group}/${id}`, outcome]),
  )
  for (const { id } of shop.rows<OrderRow>(ORDERS)) {
    for (const group of GROUPS) {
      const name = `${group}/${id}`
      const outcome = outcomes.get(name)
      const what = () => `${name}: ${outcome}, effect ${effects.has(name)}, ${answers.get(name)}`
      findings.check(outcome !== undefined, 'every order reaches every group', what)
      findings.check(effects.has(name) === (outcome === 'done'), 'journal and effects agree', what)
      findings.check(answers.get(name) === outcome, 'every answer reaches the shop', what)
    }
  }
}

/** Effects of one key happened in the order in which the orders were committed. */
export function checkKeys({ shop, ledger }: Books, parkKey: boolean, findings: Findings): void {
  const group: Group = 'points'
  const skipped = new Set<string>()
  if (!parkKey) {
    for (const row of ledger.rows<ParkedRow & Row>(PARKED)) {
      if (row.kind === 'consume' && row.group === group) skipped.add(row.id)
    }
  }
  // What was parked on its way out lets the others of its key pass.
  for (const row of shop.rows<ParkedRow & Row>(PARKED)) skipped.add(row.id)
  const effects = new Map(
    ledger
      .rows<EffectRow>(EFFECTS)
      .filter((effect) => effect.group === group)
      .map(({ id, order }) => [id, order!]),
  )
  const last = new Map<string, { id: string; effect: number }>()
  const orders = shop.rows<OrderRow>(ORDERS).sort((a, b) => a.order! - b.order!)
  for (const { id, key, delayed, half } of orders) {
    const effect = effects.get(id)
    if (key === null || delayed || half || effect === undefined || skipped.has(id)) continue
    const before = last.get(key)
    findings.check(before === undefined || before.effect < effect, 'effects follow the key', () => {
      return `${id} before ${before?.id}, key ${key}`
    })
    last.set(key, { id, effect })
  }
}
