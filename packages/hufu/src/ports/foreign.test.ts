import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ForeignTx } from './foreign.ts'

test('a transaction of another library shows its way only to a store of its dialect', () => {
  const way = { connection: {} }
  const tx = new ForeignTx('mysql', way)
  assert.equal(tx.wayOf('mysql'), way)
  assert.throws(() => tx.wayOf('postgres'), {
    code: 'ARGUMENT',
    message: 'Using a transaction: it is one of mysql, the store is one of postgres',
  })
})
