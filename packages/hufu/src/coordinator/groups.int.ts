import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { test } from 'node:test'
import { setTimeout as passed } from 'node:timers/promises'
import { createHufu } from '../hufu.ts'
import type { StandardSchema } from '../schema.ts'
import { emptySchema, poolOf, rowOf } from '../stores/postgres/database.fixture.ts'
import { postgres } from '../stores/postgres/index.ts'
import { embedded } from '../transports/embedded/index.ts'

const anything: StandardSchema = {
  '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value }) },
}

/** Statements of this database that wait for a lock. */
const WAITING = `SELECT count(*)::integer AS n FROM pg_stat_activity
  WHERE datname = current_database() AND wait_event_type = 'Lock'`

/** A service on PostgreSQL with a saga of two steps at a time, which wait in transaction `held`. */
async function shop(t: TestContext) {
  const url = await emptySchema(t)
  if (url === undefined) return undefined
  const dir = await mkdtemp(join(tmpdir(), 'hufu-groups-'))
  const gates = { left: Promise.withResolvers<void>(), right: Promise.withResolvers<void>() }
  const hufu = createHufu({
    ...{ service: 'shop', store: postgres(url), transport: embedded(join(dir, 'broker')) },
  })
  const gated = (name: keyof typeof gates) => ({
    do: (_tx: unknown, _input: unknown, { id }: { id: string }) =>
      id === 'held' ? gates[name].promise : undefined,
    undo: () => undefined,
  })
  const saga = hufu.saga('pair', anything, (steps) =>
    steps.parallel((both) => both.step('left', gated('left')).step('right', gated('right'))),
  )
  await hufu.start()
  t.after(async () => {
    await hufu.stop()
    await rm(dir, { recursive: true })
  })
  return { saga, gates, pool: poolOf(t, url) }
}

test('a row that somebody has locked holds up no other transaction, and is saved once at a time', {
  timeout: 60_000,
}, async (t) => {
  const made = await shop(t)
  if (made === undefined) return
  const { saga, gates, pool } = made
  const held = saga.run({}, { id: 'held', wait: '20s' })
  const other = await pool.connect()
  await rowOf(pool, "SELECT 1 FROM hufu_transactions WHERE id = 'held'")
  await other.query('BEGIN')
  await other.query("SELECT 1 FROM hufu_transactions WHERE id = 'held' FOR UPDATE")

  try {
    gates.left.resolve()
    await rowOf(pool, `${WAITING} HAVING count(*) = 1`)
    gates.right.resolve()
    for (let n = 0; n < 20; n++) {
      const { status } = await saga.run({}, { id: `free-${n}`, wait: '20s' })
      assert.equal(status, 'committed')
    }
    await passed(50)
    assert.deepEqual(await rowOf(pool, WAITING), { n: 1 })
    const stored = await rowOf(pool, "SELECT status FROM hufu_transactions WHERE id = 'held'")
    assert.deepEqual(stored, { status: 'running' })
  } finally {
    await other.query('COMMIT')
    other.release()
  }
  assert.equal((await held).status, 'committed')
})
