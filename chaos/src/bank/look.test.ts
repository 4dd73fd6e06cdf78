import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import { openBooks } from './books.ts'
import { lookerAt } from './look.ts'
import { placeAt, sqliteUrl } from './place.ts'
import { effectOf, type Op } from './transfer.ts'

/** What is seen in books in which this was done to `payer0`, one after the other. */
async function seen(t: TestContext, ops: readonly Op[], more = ''): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'chaos-look-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'bank.db')
  await openBooks(sqliteUrl(file))
  const db = new DatabaseSync(file)
  for (const op of ops) {
    const { amount, held } = effectOf(op, -100)
    db.exec(`UPDATE accounts SET balance = balance + ${amount}, frozen = frozen + ${held}
      WHERE id = 'payer0'`)
    db.exec(`INSERT INTO moves (gid, branch, op, account, amount, held)
      VALUES ('t1', 'out', '${op}', 'payer0', ${amount}, ${held})`)
  }
  db.exec(more)
  db.close()
  const looker = lookerAt(sqliteUrl(file), placeAt(sqliteUrl(file)))
  const wrong = await looker.look()
  await looker.close()
  return wrong.map(({ subject, detail }) => `${subject}: ${detail}`)
}

for (const ops of ['', 'action', 'action compensate', 'try', 'try confirm', 'try cancel']) {
  test(`'${ops}' is in order`, async (t) => {
    assert.deepEqual(await seen(t, ops.split(' ').filter(Boolean) as Op[]), [])
  })
}

const WRONG = {
  'action action': ['t1/out/action: took effect 2 times'],
  compensate: ['t1/out/compensate: took effect with nothing before it'],
  'try confirm cancel': ['t1/out: was confirmed and cancelled'],
  'compensate action': [
    't1/out/compensate: took effect with nothing before it',
    't1/out/action: took effect after it was undone',
  ],
}
for (const [ops, expected] of Object.entries(WRONG)) {
  test(`'${ops}' is seen`, async (t) => {
    const found = await seen(t, ops.split(' ') as Op[])
    for (const text of expected) assert.ok(found.includes(text), found.join('\n'))
  })
}

test('a balance below 0, and one that nothing written explains, are seen', async (t) => {
  const below = await seen(t, [], "UPDATE accounts SET balance = -1 WHERE id = 'payee1'")
  assert.match(below.join(), /^account payee1: balance -1/)
  const more = await seen(t, ['action'], "UPDATE accounts SET balance = 7 WHERE id = 'payer0'")
  assert.match(more.join(), /^account payer0: balance 7, .*moves -100/)
})
