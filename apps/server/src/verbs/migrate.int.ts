import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { nodeOs } from '@hufu/os'
import { mysql } from 'hufu/stores/mysql'
import { postgres } from 'hufu/stores/postgres'
import { shared } from '../../../../tools/services/for-test.ts'
import { freshDatabase } from '../../../../tools/services/fresh-database.ts'
import { runSql } from '../../../../tools/services/sql.ts'
import { call } from './call.fixture.ts'

type Server = 'postgres' | 'mariadb'

/** Address of an empty database. Undefined: there is no server, skip. */
async function emptyDatabase(t: TestContext, server: Server): Promise<string | undefined> {
  const address = await shared(t, server)
  if (!address) return undefined
  const { url, drop } = await freshDatabase(address)
  t.after(drop)
  return url
}

const STORES = {
  postgres: {
    open: postgres,
    names: ['--schema', 's', '--prefix', 'p_'],
    schema: 's',
    barrierTable: 'dtm_barrier.barrier',
  },
  mariadb: { open: mysql, names: ['--prefix', 'p_'], schema: undefined, barrierTable: 'barrier' },
}

for (const server of ['postgres', 'mariadb'] as const) {
  const { open, names, schema, barrierTable } = STORES[server]
  const options = { prefix: 'p_', migrate: false, ...(schema && { schema }) }

  test(`${server}: migrate makes what a store wants that may not make tables`, async (t) => {
    const url = await emptyDatabase(t, server)
    if (!url) return
    const store = open(url, options)
    await assert.rejects(store.open(nodeOs), { code: 'STORE_FORMAT', message: /of version 0/ })
    const { code, last } = await call('migrate', '--store', url, ...names, '--json')
    assert.equal(code, 0)
    const { store: where, before, applied } = JSON.parse(last)
    assert.deepEqual([before, applied], [0, true])
    assert.equal(where, store.name)
    await store.open(nodeOs)
    assert.equal(await store.outbox.waiting(1), 0)
    await store.close()
    const again = JSON.parse((await call('migrate', '--store', url, ...names, '--json')).last)
    assert.deepEqual([again.before, again.applied], [again.after, false])
  })

  test(`${server}: what --print shows, run by hand, is what a store wants`, async (t) => {
    const url = await emptyDatabase(t, server)
    if (!url) return
    const args = ['migrate', '--store', url, ...names, '--print', '--json']
    const { statements } = JSON.parse((await call(...args)).last)
    const store = open(url, options)
    await assert.rejects(store.open(nodeOs), { code: 'STORE_FORMAT' })
    await runSql(url, ...statements)
    await store.open(nodeOs)
    await store.close()
    assert.deepEqual(JSON.parse((await call(...args)).last).statements, [])
  })

  test(`${server}: a barrier of another name is made beside tables that are there`, async (t) => {
    const url = await emptyDatabase(t, server)
    if (!url) return
    assert.equal((await call('migrate', '--store', url)).code, 0)
    const other = ['migrate', '--store', url, '--barrier-table', barrierTable]
    const store = open(url, { barrierTable, migrate: false })
    await assert.rejects(store.open(nodeOs), { code: 'STORE_FORMAT', message: /lacks a table/ })
    assert.match((await call(...other)).last, /a table that was missing is made/)
    await store.open(nodeOs)
    await store.close()
    await runSql(url, 'UPDATE hufu_version SET version = 999')
    const { code, last } = await call(...other, '--json')
    assert.equal(code, 1)
    assert.match(JSON.parse(last).error, /of version 999, this Hufu knows \d+$/)
  })
}
