import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, type TestContext, test } from 'node:test'
import { connect, type Options } from 'amqplib'
import { shared } from '../../../../tools/services/for-test.ts'
import { freshDatabase } from '../../../../tools/services/fresh-database.ts'
import { runSql } from '../../../../tools/services/sql.ts'
import { createHufu } from '../hufu.ts'
import type { Store } from '../ports/store.ts'
import type { Transport } from '../ports/transport.ts'
import { mysql } from '../stores/mysql/index.ts'
import { emptySchema } from '../stores/postgres/database.fixture.ts'
import { postgres } from '../stores/postgres/index.ts'
import { amqp } from '../transports/amqp/amqp.ts'
import { endServer, ownPrefix, removeOf, serverUrl } from '../transports/amqp/server.fixture.ts'
import { embedded } from '../transports/embedded/index.ts'
import { orderSchema, until } from '../world.fixture.ts'

after(endServer)

const FAST = { max: 2, backoff: ['10ms', '20ms'] } as const

/** What ends after a test, the last first. */
const endings = new WeakMap<TestContext, (() => unknown)[]>()

function atEnd(t: TestContext, end: () => unknown): void {
  const known = endings.get(t)
  if (known) return void known.unshift(end)
  const ends = [end]
  endings.set(t, ends)
  t.after(async () => {
    for (const each of ends) await each()
  })
}

/** A service with one consumer that fails with `words`, and what it was called with. */
async function one<Tx, F>(t: TestContext, store: Store<Tx, F>, transport: Transport, words = '') {
  const runs: { id: string; key: string | undefined; attempt: number }[] = []
  const hufu = createHufu({ service: 'one', store, transport, onAlert: () => {} })
  const Placed = hufu.event('placed', orderSchema, { groups: ['g'] })
  const handler = (_tx: Tx, _order: unknown, { id, key, attempt }: (typeof runs)[0]) => {
    runs.push({ id, key, attempt })
    if (words !== '') throw new Error(words)
  }
  const consumer = Placed.consume('g', handler, { retry: FAST, order: 'by-key' })
  atEnd(t, () => hufu.stop({ drainMs: 1_000 }))
  await hufu.start()
  const publish = () =>
    hufu.store.transaction((tx) =>
      Placed.publish(tx, { sku: 's', cents: 1 }, { id: 'a', key: 'k' }),
    )
  const parked = () =>
    until('it is parked', async () => (await hufu.parked.list({ state: 'parked' }))[0])
  return { runs, publish, parked, consumer }
}

/** Hufu's own server, with queues of the test's own. */
async function server(t: TestContext) {
  const url = (await serverUrl(t, 'Hufu'))!
  const prefix = ownPrefix()
  atEnd(t, () => removeOf(url, prefix, ['placed/g', 'hufu.receipts/one']))
  const send = async (options: Options.Publish) => {
    const connection = await connect(url)
    const channel = await connection.createConfirmChannel()
    const body = Buffer.from('{"cents":1,"sku":"s"}')
    channel.sendToQueue(`${prefix}/placed/g`, body, options)
    await channel.waitForConfirms()
    await connection.close()
  }
  return { transport: amqp({ url, prefix }), send }
}

async function folder(t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'hufu-unstorable-'))
  atEnd(t, () => rm(dir, { recursive: true }))
  return join(dir, 'broker')
}

for (const name of ['embedded', 'amqp'] as const) {
  test(`PostgreSQL, ${name}: an error whose text holds a NUL is counted, and parked`, async (t) => {
    const url = await emptySchema(t)
    if (url === undefined) return
    const transport = name === 'amqp' ? (await server(t)).transport : embedded(await folder(t))
    const { runs, publish, parked } = await one(t, postgres(url), transport, 'bad \0 byte')
    await publish()
    const { cause, detail, attempts } = await parked()
    assert.deepEqual([cause, detail, attempts], ['EXHAUSTED', 'bad \uFFFD byte', 2])
    assert.deepEqual(
      runs.map(({ attempt }) => attempt),
      [1, 2],
    )
  })
}

test('PostgreSQL in an encoding without a character: words are stored without it', async (t) => {
  const admin = await shared(t, 'postgres')
  if (admin === undefined) return
  const name = `hufu_latin_${process.pid}`
  await runSql(admin, `CREATE DATABASE ${name} ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0`)
  atEnd(t, () => runSql(admin, `DROP DATABASE ${name} WITH (FORCE)`))
  const { href } = Object.assign(new URL(admin), { pathname: `/${name}` })
  const { transport } = await server(t)
  const { runs, publish, parked } = await one(t, postgres(href), transport, 'no tiger: 虎')
  await publish()
  assert.equal((await parked()).detail, 'no tiger: ?')
  assert.equal(runs.length, 2)
})

test('PostgreSQL: a foreign message with NULs in id and key is handled by hashes', async (t) => {
  const url = await emptySchema(t)
  if (url === undefined) return
  const { transport, send } = await server(t)
  const { runs, consumer } = await one(t, postgres(url), transport)
  await send({ messageId: 'their\0id', headers: { 'hufu-key': 'their\0key' } })
  await until('it is done', () => consumer.stats().done === 1)
  assert.match(runs[0]!.id, /^id [0-9a-f]{32}$/)
  assert.match(runs[0]!.key!, /^key [0-9a-f]{32}$/)
  assert.equal(runs.length, 1)
})

test('MariaDB: a foreign message whose key is too long to be stored goes without it', async (t) => {
  const admin = await shared(t, 'mariadb')
  if (admin === undefined) return
  const database = await freshDatabase(admin)
  atEnd(t, () => database.drop())
  const { transport, send } = await server(t)
  const { runs, consumer } = await one(t, mysql(database.url), transport)
  await send({ messageId: 'a', headers: { 'hufu-key': 'k'.repeat(300) } })
  await until('it is done', () => consumer.stats().done === 1)
  assert.deepEqual(runs.at(-1), { id: 'a', key: undefined, attempt: 2 })
  assert.equal(runs.length, 2)
})
