import type { NewOutboxRow, NewParked } from '../ports/store.ts'
import type { NewTransaction } from '../ports/transactions.ts'

/** An outbox row of the event `e` with two groups. */
export function outboxRow(id: string, more: Partial<NewOutboxRow> = {}): NewOutboxRow {
  const body = new TextEncoder().encode(`{"id":"${id}"}`)
  const groups = ['a', 'b']
  return {
    event: 'e',
    id,
    key: null,
    groups,
    headers: {},
    body,
    delayMs: 0,
    receipts: true,
    ...more,
  }
}

/** A message parked in the group `a` of the event `e`. */
export function parkedRow(id: string, more: Partial<NewParked> = {}): NewParked {
  return {
    kind: 'consume',
    event: 'e',
    group: 'a',
    id,
    key: null,
    headers: { h: '1' },
    body: new TextEncoder().encode('{}'),
    state: 'parked',
    cause: 'EXHAUSTED',
    detail: 'it broke',
    attempts: 3,
    holdsKey: false,
    nextAttemptAt: null,
    ...more,
  }
}

/** A running transaction of the definition `d`, hash `h`, that nobody has and that is not due. */
export function transactionRow(id: string, more: Partial<NewTransaction> = {}): NewTransaction {
  return {
    id,
    kind: 'saga',
    name: 'd',
    hash: 'h',
    key: null,
    input: '{"n":1}',
    headers: '{"h":"1"}',
    status: 'running',
    state: '{"s":0}',
    dueAt: null,
    owner: 0,
    ...more,
  }
}
