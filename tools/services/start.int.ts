import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import { createConnection } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { answerFrom } from './answer.ts'
import { ownService } from './for-test.ts'
import { servicesHome } from './home.ts'
import { descendants, untilGone } from './process-tree.ts'
import { runSql } from './sql.ts'

const DURABLE = {
  postgres: {
    statement: `SELECT current_setting('fsync') || current_setting('synchronous_commit') AS value`,
    value: 'onon',
  },
  mariadb: { statement: 'SELECT @@innodb_flush_log_at_trx_commit AS value', value: 1 },
} as const

for (const name of ['postgres', 'mariadb'] as const) {
  test(`${name}: a commit is on disk before it is answered`, async (t) => {
    const service = await ownService(t, name)
    if (!service) return
    const { statement, value } = DURABLE[name]
    assert.deepEqual(plain(await runSql(service.url, statement)), [{ value }])
  })

  test(`${name}: what was committed is there after kill and restart, same address`, async (t) => {
    const service = await ownService(t, name)
    if (!service) return
    await runSql(service.url, 'CREATE TABLE kept (id int)', 'INSERT INTO kept VALUES (7)')
    const processes = [service.pid, ...descendants(service.pid)]
    await service.kill()
    assert.ok(await untilGone(processes, 0), 'a process of the killed server still runs')
    await assert.rejects(runSql(service.url, 'SELECT 1'))
    await service.restart()
    assert.deepEqual(plain(await runSql(service.url, 'SELECT id FROM kept')), [{ id: 7 }])
    assert.ok(!processes.includes(service.pid))
  })

  test(`${name}: closed without its password, and at any other address`, async (t) => {
    const service = await ownService(t, name)
    if (!service) return
    const { href, port } = Object.assign(new URL(service.url), { password: 'wrong' })
    await assert.rejects(runSql(href, 'SELECT 1'))
    assert.equal(await connecting('127.0.0.2', Number(port)), 'ECONNREFUSED')
    assert.equal(await connecting('127.0.0.1', Number(port)), 'connected')
  })

  test(`${name}: stop leaves neither processes nor data`, async (t) => {
    const service = await ownService(t, name)
    if (!service) return
    const processes = [service.pid, ...descendants(service.pid)]
    const before = dataFolders(name)
    await service.stop()
    assert.ok(await untilGone(processes, 0), 'a process of the stopped server still runs')
    assert.equal(dataFolders(name).length, before.length - 1)
  })
}

test('redis: what was answered is there after kill and restart', async (t) => {
  const service = await ownService(t, 'redis')
  if (!service) return
  const { password } = new URL(service.url)
  const ask = (command: string, lines: number) => {
    const request = `AUTH ${password}\r\n${command}\r\n`
    return answerFrom(service.url, request, (answer) => answer.split('\n').length > lines)
  }
  assert.equal(await ask('SET kept 7', 2), '+OK\r\n+OK\r\n')
  await service.kill()
  await assert.rejects(ask('GET kept', 3), { code: 'ECONNREFUSED' })
  await service.restart()
  assert.equal(await ask('GET kept', 3), '+OK\r\n$1\r\n7\r\n')
})

test('rabbitmq: answers again after kill and restart; stop leaves no process', async (t) => {
  const service = await ownService(t, 'rabbitmq')
  if (!service) return
  const greeting = () => {
    return answerFrom(service.url, 'AMQP\0\0\x09\x01', (answer) => answer.includes('RabbitMQ'))
  }
  assert.match(await greeting(), /product/)
  await service.kill()
  await assert.rejects(greeting(), { code: 'ECONNREFUSED' })
  await service.restart()
  assert.match(await greeting(), /product/)
  const processes = [service.pid, ...descendants(service.pid)]
  assert.ok(processes.length > 1)
  await service.stop()
  assert.ok(await untilGone(processes, 5000), 'a process of the stopped server still runs')
})

/** Drivers give rows a class of their own. */
function plain(rows: readonly object[]): object[] {
  return rows.map((row) => ({ ...row }))
}

/** Of this process. */
function dataFolders(name: string): string[] {
  const data = join(servicesHome(), 'data')
  if (!existsSync(data)) return []
  return readdirSync(data).filter((folder) => folder.startsWith(`${name}-${process.pid}-`))
}

function connecting(host: string, port: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = createConnection({ host, port })
    socket.once('connect', () => {
      socket.destroy()
      resolve('connected')
    })
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
  })
}
