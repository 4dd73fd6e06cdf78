import assert from 'node:assert/strict'
import { existsSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, test } from 'node:test'
import { nodeOs } from '@hufu/os'
import { sqlite } from 'hufu/stores/sqlite'
import { call } from './call.fixture.ts'

const dir = await mkdtemp(join(tmpdir(), 'hufu-migrate-'))
after(() => rm(dir, { recursive: true }))

/** Runs SQL on a file of its own connection. */
function on<T>(path: string, action: (db: DatabaseSync) => T): T {
  const db = new DatabaseSync(path)
  try {
    return action(db)
  } finally {
    db.close()
  }
}

test('migrate makes the tables of a file, once', async () => {
  const path = join(dir, 'a.db')
  const first = await call('migrate', '--store', path, '--json')
  assert.equal(first.code, 0)
  const { after: version, ...rest } = JSON.parse(first.last)
  assert.ok(version > 0)
  assert.deepEqual(rest, { store: `sqlite ${path}`, before: 0, applied: true })
  assert.equal(await call('migrate', '--store', path, '--json').then(({ code }) => code), 0)
  const again = await call('migrate', '--store', path)
  assert.match(again.last, /: the tables are of version \d+, nothing is to be done$/)
})

test('a store that may not make tables opens those that migrate has made', async () => {
  const path = join(dir, 'b.db')
  const store = sqlite(path, { migrate: false })
  await assert.rejects(store.open(nodeOs), {
    code: 'STORE_FORMAT',
    message: /tables are of version 0, wanted is version \d+, .*: run hufu migrate$/,
  })
  assert.equal((await call('migrate', '--store', path)).code, 0)
  await store.open(nodeOs)
  assert.equal(await store.outbox.waiting(1), 0)
  await store.close()
})

test('--print shows the SQL and makes nothing; run by hand it is what migrate does', async () => {
  const path = join(dir, 'c.db')
  const { code, last } = await call('migrate', '--store', path, '--print')
  assert.equal(code, 0)
  assert.ok(last.startsWith(`-- sqlite ${path}: version 0, wanted `))
  assert.ok(!existsSync(path))
  on(path, (db) => db.exec(last))
  const json = JSON.parse((await call('migrate', '--store', path, '--print', '--json')).last)
  assert.deepEqual([json.before, json.applied, json.statements], [json.after, false, []])
  const store = sqlite(path, { migrate: false })
  await store.open(nodeOs)
  await store.close()
})

test('tables of a newer version are left as they are, exit code 1', async () => {
  const path = join(dir, 'd.db')
  await call('migrate', '--store', path)
  on(path, (db) => db.exec('UPDATE hufu_version SET version = 999'))
  for (const more of [[], ['--print']]) {
    const { code, last } = await call('migrate', '--store', path, '--json', ...more)
    assert.equal(code, 1)
    assert.equal(JSON.parse(last).code, 'STORE_FORMAT')
    assert.match(JSON.parse(last).error, /of version 999, this Hufu knows \d+$/)
  }
  assert.deepEqual(
    on(path, (db) =>
      db
        .prepare('SELECT version FROM hufu_version')
        .all()
        .map((row) => ({ ...row })),
    ),
    [{ version: 999 }],
  )
})

test('2: no store, options of another store, what is no database', async () => {
  const text = join(dir, 'text')
  writeFileSync(text, 'no database at all, but long enough to be looked at as one '.repeat(99))
  const wrong: [string[], RegExp][] = [
    [[], /--store is missing$/],
    [['--store', 'redis://me:secret@h'], /no store is at redis:\/\/…, but at postgres/],
    [['--store', 'mysql://h/d', '--schema', 's'], /--schema is for PostgreSQL only$/],
    [['--store', 'x.db', '--prefix', 'p_'], /--prefix is not for SQLite$/],
    [['--store', text], /^Opening .*: file is not a database .STORE_UNUSABLE.$/],
    [['--store', 'postgres://me:secret@127.0.0.1:1/d'], /^Migrating postgres 127.*ECONNREFUSED/],
    [['--store', 'mysql://me:secret@127.0.0.1:1/d'], /mysql 127\.0\.0\.1\/d: .*ECONNREFUSED/],
    [['--store', 'postgres://h/d', '--prefix', 'a-b'], /"a-bversion" is no name/],
  ]
  for (const [args, message] of wrong) {
    const { code, err } = await call('migrate', ...args)
    assert.equal(code, 2, args.join(' '))
    assert.match(err, message)
    assert.doesNotMatch(err, /secret/)
  }
})
