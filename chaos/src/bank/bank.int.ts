import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertKept, bank } from './bank.fixture.ts'

test('messages on SQLite: killed three times, no money lost or made', async () => {
  const outcome = await bank(
    '--kind message --store sqlite --transactions 100 --kills 3 --lease 3000',
  )
  assertKept(outcome, 100)
  assert.equal(outcome.found.kills, 3)
})

test('without a barrier in one bank it is found that money was made or lost', async () => {
  const words = '--kind saga --store sqlite --transactions 100 --kills 0 --without-barrier 1'
  const { code, found, stderr } = await bank(words)
  assert.equal(code, 1)
  assert.ok(found.violations! > 0, JSON.stringify(found))
  assert.match(stderr, /bank 1: .* took effect (\d+ times|after it was undone)/)
})
