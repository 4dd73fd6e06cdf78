import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { HistoryEvent } from './event.ts'
import type { Findings } from './findings.ts'
import { History } from './history.ts'

const sent = (token: string, more: object = {}): HistoryEvent => {
  return { kind: 'sent', token, queues: ['work'], digest: token, dueAt: 0, key: '', ...more }
}
const confirmed = (token: string): HistoryEvent => ({ kind: 'confirmed', token })
const delivered = (token: string, more: object = {}): HistoryEvent => {
  const seen = { place: 'work', token, id: 1, redelivered: false, digest: token, time: 100 }
  return { kind: 'delivered', ...seen, ...more }
}
const asked = (token: string, place = 'work'): HistoryEvent => {
  return { kind: 'asked', place, token, outcome: 'done' }
}
const settled = (token: string, place = 'work'): HistoryEvent => {
  return { kind: 'settled', place, token, outcome: 'done' }
}

/** Which kinds of finding these events give. */
function found(...events: HistoryEvent[]): (keyof Findings)[] {
  const history = new History()
  for (const event of events) history.add(event)
  const findings = history.finish()
  const kinds = Object.keys(findings) as (keyof Findings)[]
  return kinds.filter((kind) => findings[kind].length > 0)
}

test('a history in which all was kept gives no finding', () => {
  const again = delivered('a', { redelivered: true })
  assert.deepEqual(
    found(sent('a'), confirmed('a'), delivered('a'), again, asked('a'), settled('a')),
    [],
  )
  assert.deepEqual(found(sent('a')), [])
  assert.deepEqual(found(sent('a'), { kind: 'refused', token: 'a', code: 'BUSY' }), [])
})

test('what is found parked is neither early, out of order nor an unflagged duplicate', () => {
  const keyed = { queues: ['ordered'], key: 'k', dueAt: 200 }
  const late = delivered('b', { place: 'ordered', id: 2, time: 300 })
  const parked = delivered('a', { place: 'ordered', kind: 'found' })
  const over = [settled('a', 'ordered'), settled('b', 'ordered')]
  assert.deepEqual(found(sent('a', keyed), sent('b', keyed), late, parked, ...over), [])
  assert.deepEqual(found(delivered('a', { kind: 'found' })), ['invented'])
})

test('confirmed and neither settled nor found is lost, in each queue by itself', () => {
  assert.deepEqual(found(sent('a'), confirmed('a')), ['lost'])
  assert.deepEqual(found(sent('a'), confirmed('a'), delivered('a')), ['lost'])
  const two = { queues: ['work', 'other'] }
  assert.deepEqual(found(sent('a', two), confirmed('a'), delivered('a'), settled('a')), ['lost'])
})

test('a settle that was asked for and not confirmed may or may not hold', () => {
  assert.deepEqual(found(sent('a'), confirmed('a'), delivered('a'), asked('a')), [])
  const again = delivered('a', { redelivered: true })
  assert.deepEqual(found(sent('a'), confirmed('a'), delivered('a'), asked('a'), again), [])
})

test('what was dead-lettered is found there, and must not come in its own queue again', () => {
  const dead = delivered('a', { place: 'dead<work', id: 2 })
  const start = [sent('a'), confirmed('a'), delivered('a'), dead, settled('a', 'dead<work')]
  assert.deepEqual(found(...start), [])
  assert.deepEqual(found(...start, delivered('a', { redelivered: true })), ['resurrected'])
})

test('delivered and never published, altered, elsewhere or refused is invented', () => {
  assert.deepEqual(found(delivered('a')), ['invented'])
  assert.deepEqual(found(sent('a'), delivered('a', { digest: 'b' }), settled('a')), ['invented'])
  assert.deepEqual(found(sent('a'), delivered('a', { place: 'other' })), ['invented'])
  const refused: HistoryEvent = { kind: 'refused', token: 'a', code: 'LOG_FULL' }
  assert.deepEqual(found(sent('a'), refused, delivered('a')), ['invented'])
})

test('delivered twice without the flag is an unflagged duplicate', () => {
  assert.deepEqual(found(sent('a'), delivered('a'), delivered('a'), settled('a')), [
    'duplicatesUnflagged',
  ])
})

test('delivered after a confirmed settle is resurrected', () => {
  const again = delivered('a', { redelivered: true })
  assert.deepEqual(found(sent('a'), delivered('a'), settled('a'), again), ['resurrected'])
})

test('delivered before its time is early', () => {
  const later = sent('a', { dueAt: 101 })
  assert.deepEqual(found(later, delivered('a'), settled('a')), ['early'])
})

test('a message of a key after a later one of that key is out of order', () => {
  const keyed = { queues: ['ordered'], key: 'k' }
  const at = { place: 'ordered' }
  const first = delivered('a', { ...at, id: 1, redelivered: true })
  const second = delivered('b', { ...at, id: 2 })
  const both = [sent('a', keyed), sent('b', keyed)]
  const over = [settled('a', 'ordered'), settled('b', 'ordered')]
  assert.deepEqual(found(...both, first, second, ...over), [])
  assert.deepEqual(found(...both, second, first, ...over), ['outOfOrder'])
})

test('never confirmed and in some of its queues only is partial', () => {
  const two = sent('a', { queues: ['work', 'other'] })
  assert.deepEqual(found(two, delivered('a'), settled('a')), ['partial'])
  const other = [delivered('a', { place: 'other' }), settled('a', 'other')]
  assert.deepEqual(found(two, delivered('a'), settled('a'), ...other), [])
})
