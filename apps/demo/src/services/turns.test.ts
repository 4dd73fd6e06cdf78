import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Turns } from './turns.ts'

test('work that shares a key waits for its turn, also after a failure; others do not', async () => {
  const turns = new Turns()
  const log: string[] = []
  const gate = Promise.withResolvers<void>()
  const first = turns.take(['a', 'b'], async () => {
    await gate.promise
    log.push('a b')
    throw new Error('failed')
  })
  const second = turns.take(['b', 'c'], async () => log.push('b c'))
  const third = turns.take(['c'], async () => log.push('c'))
  await turns.take(['d'], async () => log.push('d'))
  gate.resolve()
  await assert.rejects(first, /failed/)
  await Promise.all([second, third])
  assert.deepEqual(log, ['d', 'a b', 'b c', 'c'])
})
