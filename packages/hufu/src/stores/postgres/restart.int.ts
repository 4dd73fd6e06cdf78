import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nodeOs } from '@hufu/os'
import { ownService } from '../../../../../tools/services/for-test.ts'
import { outboxRow } from '../../testing/rows.ts'
import { endBackend, poolOf } from './database.fixture.ts'
import type { PostgresStore } from './index.ts'
import { postgres } from './index.ts'

const insert = (store: PostgresStore, id: string) =>
  store.transaction((tx) => store.outbox.insert(tx, outboxRow(id)))

/** Stores messages until told to stop; what was answered, and with which errors. */
async function storeAll(store: PostgresStore, name: string, stop: AbortSignal) {
  const stored: string[] = []
  const codes = new Set<string>()
  for (let n = 0; !stop.aborted; n++) {
    const id = `${name} ${n}`
    await insert(store, id).then(
      () => stored.push(id),
      (error) => codes.add(error.code),
    )
    if (codes.size > 0) await new Promise((resolve) => setTimeout(resolve, 5))
  }
  return { stored, codes: [...codes] }
}

test('a server that is killed and comes back has all that was answered', async (t) => {
  const service = await ownService(t, 'postgres')
  if (!service) return
  const store = postgres(service.url)
  await store.open(nodeOs)
  const stop = new AbortController()
  const work = ['a', 'b', 'c', 'd'].map((name) => storeAll(store, name, stop.signal))
  while ((await store.outbox.waiting(200)) < 200) await store.now()
  await service.kill()
  await assert.rejects(store.now(), { code: 'STORE_UNUSABLE' })
  await service.restart()
  await insert(store, 'afterwards')
  const before = await store.outbox.waiting(1_000_000)
  while ((await store.outbox.waiting(1_000_000)) < before + 50) await store.now()
  stop.abort()
  const results = await Promise.all(work)
  const rows = await store.outbox.open('e', Number.MAX_SAFE_INTEGER, 1_000_000)
  const ids = new Set(rows.map(({ id }) => id))
  for (const { stored, codes } of results) {
    assert.deepEqual(
      stored.filter((id) => !ids.has(id)),
      [],
    )
    const known = ['STORE_UNUSABLE', 'COMMIT_UNKNOWN']
    assert.deepEqual(
      codes.filter((code) => !known.includes(code)),
      [],
    )
  }
  assert.ok(results.some(({ codes }) => codes.length > 0))

  // The commit is on disk, and waits for a standby that does not exist.
  const pool = poolOf(t, service.url)
  await pool.query("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
  await service.restart()
  const told = assert.rejects(insert(store, 'stored'), { code: 'COMMIT_UNKNOWN' })
  await endBackend(pool, '%COMMIT', 'SyncRep')
  await told
  assert.equal((await pool.query("SELECT id FROM hufu_outbox WHERE id = 'stored'")).rowCount, 1)
  await store.close()
})
