import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Alone } from './alone.ts'

/** Enters under a name; what is inside, and what lets it out. */
function door() {
  const lock = new Alone()
  const inside: string[] = []
  const leave = new Map<string, () => void>()
  const enter = async (name: string, alone: boolean) => {
    const out = await lock.enter(alone)
    inside.push(name)
    leave.set(name, out)
  }
  const out = async (name: string) => {
    inside.splice(inside.indexOf(name), 1)
    leave.get(name)!()
    await new Promise((resolve) => setImmediate(resolve))
  }
  return { inside, enter, out }
}

test('what may run side by side does; what must be alone waits for it', async () => {
  const { inside, enter, out } = door()
  await enter('a', false)
  await enter('b', false)
  void enter('alone', true)
  void enter('c', false)
  await out('a')
  assert.deepEqual(inside, ['b'])
  await out('b')
  assert.deepEqual(inside, ['alone'])
  await out('alone')
  assert.deepEqual(inside, ['c'])
})

test('two that must be alone go one after the other', async () => {
  const { inside, enter, out } = door()
  await enter('one', true)
  void enter('two', true)
  void enter('a', false)
  void enter('b', false)
  assert.deepEqual(inside, ['one'])
  await out('one')
  assert.deepEqual(inside, ['two'])
  await out('two')
  assert.deepEqual(inside, ['a', 'b'])
})
