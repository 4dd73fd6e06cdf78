import assert from 'node:assert/strict'
import { test } from 'node:test'
import { changedSpans, expiresMsOf, type LifeSpan } from './life-spans.ts'

test('what came before a change keeps the time to live of then', () => {
  const spans = changedSpans(changedSpans([], 10, null), 20, 500)
  const of = (id: number) => expiresMsOf(spans, id, 900)
  assert.deepEqual([of(1), of(10), of(11), of(20), of(21)], [null, null, 500, 500, 900])
})

test('nothing came between two changes: the first has held for nothing', () => {
  const once = changedSpans([], 10, 5)
  assert.deepEqual(changedSpans(once, 10, 7), once)
})

test('of many changes the oldest become one, and none expires too early', () => {
  let spans: LifeSpan[] = []
  for (let i = 1; i <= 40; i++) spans = changedSpans(spans, i, i === 2 ? 9_999 : i)
  assert.equal(spans.length, 16)
  assert.equal(expiresMsOf(spans, 1, 0), 9_999)
  assert.equal(expiresMsOf(spans, 40, 0), 40)
  spans = changedSpans(changedSpans([{ upTo: 1, expiresMs: null }], 2, 5), 3, 6)
  for (let i = 4; i <= 40; i++) spans = changedSpans(spans, i, i)
  assert.equal(expiresMsOf(spans, 2, 0), null)
})
