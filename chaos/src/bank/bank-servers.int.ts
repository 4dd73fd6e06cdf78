import assert from 'node:assert/strict'
import { test } from 'node:test'
import { shared } from '../../../tools/services/for-test.ts'
import { assertKept, bank } from './bank.fixture.ts'

for (const [kind, name] of [
  ['saga', 'postgres'],
  ['tcc', 'mariadb'],
] as const) {
  test(`${kind} on ${name}: coordinators killed and paused are taken over from`, async (t) => {
    const url = await shared(t, name)
    if (!url) return
    const words = `--kind ${kind} --store ${name} --transactions 100 --kills 3`
    const outcome = await bank(`${words} --coordinators 2 --lease 3000`, { name, url })
    assertKept(outcome, 100)
    assert.deepEqual([outcome.found.kills, outcome.found.pauses], [3, 1])
  })
}
