import type { NewOutboxRow, NewParked } from '../ports/store.ts'

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
