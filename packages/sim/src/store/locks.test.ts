import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Locks } from './locks.ts'

const holder = () => ({ waitsFor: undefined })

test('a lock has one owner; the others get it in the order in which they came', async () => {
  const locks = new Locks()
  const [one, two, three] = [holder(), holder(), holder()]
  await locks.take(one, 'row')
  await locks.take(one, 'row')
  const got: string[] = []
  const second = locks.take(two, 'row').then(() => got.push('two'))
  const third = locks.take(three, 'row').then(() => got.push('three'))
  locks.release(one)
  await second
  assert.deepEqual(got, ['two'])
  locks.release(two)
  await third
  assert.deepEqual(got, ['two', 'three'])
})

test('who will not wait is told whether he has it', async () => {
  const locks = new Locks()
  const [one, two] = [holder(), holder()]
  assert.equal(locks.tryTake(one, 'row'), true)
  assert.equal(locks.tryTake(one, 'row'), true)
  assert.equal(locks.tryTake(two, 'row'), false)
  locks.release(one)
  assert.equal(locks.tryTake(two, 'row'), true)
})

test('who would wait in a circle is refused', async () => {
  const locks = new Locks()
  const [one, two] = [holder(), holder()]
  await locks.take(one, 'a')
  await locks.take(two, 'b')
  const waiting = locks.take(one, 'b')
  await assert.rejects(locks.take(two, 'a'), { code: 'STORE_BUSY' })
  locks.release(two)
  await waiting
})
