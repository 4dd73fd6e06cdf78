import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UsageError } from '../options.ts'
import { readBankOptions } from './options.ts'

test('kind and store are enough; several coordinators where they do not share a file', () => {
  const { transactions, kills, coordinators } = readBankOptions([
    ...['--kind', 'tcc', '--store', 'postgres'],
  ])
  assert.deepEqual([transactions, kills, coordinators], [2_000, 20, 3])
  assert.equal(readBankOptions(['--kind', 'saga', '--store', 'sqlite']).coordinators, 1)
})

for (const words of [
  '',
  '--kind saga',
  '--kind xa --store sqlite',
  '--kind saga --store oracle',
  '--kind saga --store sqlite --kills x',
  '--kind saga --store sqlite --coordinators 0',
  '--kind saga --store sqlite --without-barrier 3',
]) {
  test(`'${words}' is refused`, () => {
    assert.throws(() => readBankOptions(words.split(' ').filter(Boolean)), UsageError)
  })
}
