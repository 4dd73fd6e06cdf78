import assert from 'node:assert/strict'
import { appendFileSync, cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, test } from 'node:test'
import { createBroker } from '@hufu/broker'
import { Cleanup } from '../run/cleanup.ts'
import { check } from './check.ts'
import { type Files, filesIn, messageId } from './files.ts'
import { type Kind, kindsOf } from './plan.ts'
import { runHalf } from './run.ts'

const RUN = { seed: 7, messages: 20, kills: 0, json: true, help: false }
const KINDS = kindsOf(RUN.seed, RUN.messages)
const NONE = { seenHalf: 0, lost: 0, doubled: 0, unasked: 0, undecided: 0 }

const root = mkdtempSync(join(tmpdir(), 'hufu-half-test-'))
const finished = join(root, 'finished')
let copies = 0

before(async () => {
  mkdirSync(finished)
  const outcome = await runHalf(RUN, finished, new Cleanup())
  assert.deepEqual(outcome.problems, [])
})
after(() => rmSync(root, { recursive: true }))

function first(kind: Kind): string {
  return messageId(KINDS.indexOf(kind))
}

/** What the checker counts after `change` to a finished run; there must be a text for it. */
async function counted(change: (files: Files) => unknown) {
  const dir = join(root, `copy-${copies++}`)
  cpSync(finished, dir, { recursive: true })
  await change(filesIn(dir))
  const { problems, ...counts } = await check(filesIn(dir), KINDS)
  assert.ok(problems.length > 0)
  const { seenHalf, lost, doubled, unasked, undecided } = counts
  return { seenHalf, lost, doubled, unasked, undecided }
}

function sql(path: string, text: string): void {
  const db = new DatabaseSync(path)
  db.exec(text)
  db.close()
}

function note(files: Files, line: object): void {
  appendFileSync(files.notes, `${JSON.stringify(line)}\n`)
}

test('a finished run is counted', async () => {
  const { problems, ...counts } = await check(filesIn(finished), KINDS)
  assert.deepEqual(problems, [])
  assert.deepEqual(counts, { ...NONE, committed: 10, rolledBack: 6, silent: 4 })
})

test('a missing effect is lost, a second one doubled', async () => {
  for (const kind of ['commit', 'silentCommit'] as const) {
    const text = `FROM effects WHERE id = '${first(kind)}'`
    const missing = await counted(({ points }) => sql(points, `DELETE ${text}`))
    assert.deepEqual(missing, { ...NONE, lost: 1 })
    const again = `INSERT INTO effects (id) SELECT id ${text}`
    assert.deepEqual(await counted(({ points }) => sql(points, again)), { ...NONE, doubled: 1 })
  }
})

test('an effect or a delivery without a commit, or before it, is a half one seen', async () => {
  const id = first('rollback')
  const effect = await counted(({ points }) =>
    sql(points, `INSERT INTO effects (id) VALUES ('${id}')`),
  )
  assert.deepEqual(effect, { ...NONE, seenHalf: 1 })
  for (const [kind, local] of [
    ['rollback', false],
    ['silentNothing', false],
    ['commit', false],
  ] as const) {
    const seen = { what: 'delivered', id: first(kind), local }
    assert.deepEqual(await counted((files) => note(files, seen)), { ...NONE, seenHalf: 1 })
  }
})

test('a wrong answer, or none, is unasked', async () => {
  for (const [kind, word] of [
    ['silentCommit', 'commit'],
    ['silentNothing', 'commit'],
  ] as const) {
    const transactionId = `shop order.placed ${first(kind)}`
    const asked = { what: 'asked', transactionId, version: 999_999, word }
    assert.deepEqual(await counted((files) => note(files, asked)), { ...NONE, unasked: 1 })
  }
  const none = await counted((files) => {
    rmSync(files.notes)
    note(files, { what: 'delivered', id: first('commit'), local: true })
  })
  assert.deepEqual(none, { ...NONE, unasked: 4 })
})

test('what the broker still holds is undecided', async () => {
  const undecided = await counted(async (files) => {
    const broker = await createBroker({ dir: files.broker })
    const messages = [{ queues: ['order.placed/points'], body: Buffer.from('{}') }]
    await broker.prepare({ transactionId: 'shop x', group: 'shop', messages })
    await broker.close()
  })
  assert.deepEqual(undecided, { ...NONE, undecided: 1 })
})

test('orders that should not be there, or are missing, are told', async () => {
  const missing = `DELETE FROM orders WHERE id = '${first('commit')}'`
  assert.equal((await counted(({ shop }) => sql(shop, missing))).seenHalf, 1)
  const added = `INSERT INTO orders VALUES ('${first('rollback')}', 1)`
  assert.deepEqual(await counted(({ shop }) => sql(shop, added)), NONE)
})
