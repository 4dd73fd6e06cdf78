import assert from 'node:assert/strict'
import { cpSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { createBroker } from '@hufu/broker'
import { call } from './call.fixture.ts'

const base = await mkdtemp(join(tmpdir(), 'hufu-inspect-'))
after(() => rm(base, { recursive: true }))

test('inspect shows the queues of a folder', async () => {
  const dir = join(base, 'a')
  const broker = await createBroker({ dir })
  await broker.declareQueue('orders')
  await broker.publish({ queues: ['orders'], body: Buffer.from('x') })
  await broker.close()
  const { code, last } = await call('inspect', dir, '--json')
  assert.equal(code, 0)
  const found = JSON.parse(last)
  assert.equal(found.cleanStop, true)
  assert.equal(found.queues[0].name, 'orders')
  assert.equal(found.queues[0].ready, 1)
})

test('inspect of a folder in use says who has it, exit code 2', async () => {
  const dir = join(base, 'b')
  const broker = await createBroker({ dir })
  const { code, err } = await call('inspect', dir)
  assert.equal(code, 2)
  assert.match(err, /process .* holds it .FOLDER_LOCKED./)
  await broker.close()
})

test('inspect makes no folder where there is none, exit code 2', async () => {
  const { code, err } = await call('inspect', join(base, 'none'))
  assert.equal(code, 2)
  assert.match(err, /it is no broker folder/)
})

/** A folder as a killed owner leaves it: copied while it works. */
async function killedFolder(name: string, messages: number): Promise<string> {
  const from = join(base, `${name}-live`)
  const dir = join(base, name)
  const broker = await createBroker({ dir: from })
  await broker.declareQueue('orders')
  for (let i = 0; i < messages; i++) {
    await broker.publish({ queues: ['orders'], body: Buffer.from(`order ${i}`) })
  }
  const segments = readdirSync(from).filter((file) => /^[0-9a-f]+\.seg$/.test(file))
  for (const file of ['manifest', 'checkpoint-a', 'checkpoint-b', ...segments]) {
    cpSync(join(from, file), join(dir, file))
  }
  await broker.close()
  return dir
}

function contentsOf(dir: string): [string, number, Buffer][] {
  return readdirSync(dir).map((file) => {
    const path = join(dir, file)
    return [file, statSync(path).mtimeMs, readFileSync(path)]
  })
}

/** Makes the last good entry of the log bad. */
function damageLast(dir: string): void {
  const path = join(dir, '00000000000000.seg')
  const bytes = readFileSync(path)
  const last = bytes.lastIndexOf('order ')
  assert.ok(last > 0)
  bytes[last]! ^= 1
  writeFileSync(path, bytes)
}

test('a second look shows what the first showed, and the folder is as it was', async () => {
  const dir = await killedFolder('evidence', 20)
  damageLast(dir)
  const before = contentsOf(dir)
  const first = await call('inspect', dir, '--json')
  const found = JSON.parse(first.last)
  assert.equal(found.cleanStop, false)
  assert.equal(found.messages, 19)
  assert.ok(found.tailBytesCut > 0 && found.tailMayHoldConfirmed)
  assert.deepEqual(await call('inspect', dir, '--json'), first)
  assert.deepEqual(contentsOf(dir), before)
})

test('a tail that may hold confirmed messages is said, exit code 1', async () => {
  const dir = await killedFolder('tail', 3)
  damageLast(dir)
  const { code, last } = await call('inspect', dir)
  assert.equal(code, 1)
  assert.match(last, /2 messages in 1 queue, /)
  assert.match(last, /The last \d+ bytes of the log cannot be read/)
  assert.match(last, /confirmed messages may be missing/)
})

test('a folder of a killed owner with nothing wrong holds', async () => {
  const { code, last } = await call('inspect', await killedFolder('killed', 1))
  assert.equal(code, 0)
  assert.match(last, /1 message in 1 queue, /)
  assert.match(last, /Its last owner was killed/)
})

test('a folder too damaged to be opened is a finding, exit code 1', async () => {
  const dir = await killedFolder('headless', 1)
  writeFileSync(join(dir, 'manifest'), new Uint8Array(8192))
  const { code, last } = await call('inspect', dir, '--json')
  assert.equal(code, 1)
  assert.equal(JSON.parse(last).code, 'LOG_DAMAGED')
})

test('a folder with a lock file changes in nothing but the note of who held it', async () => {
  const dir = join(base, 'closed')
  await (await createBroker({ dir })).close()
  rmSync(join(dir, 'lock.owner'))
  const before = contentsOf(dir)
  assert.equal((await call('inspect', dir)).code, 0)
  assert.deepEqual(
    contentsOf(dir).filter(([file]) => file !== 'lock.owner'),
    before,
  )
})
