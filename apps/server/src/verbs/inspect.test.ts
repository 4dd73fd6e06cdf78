import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { createBroker } from '@hufu/broker'
import { run } from '../main.ts'

const base = await mkdtemp(join(tmpdir(), 'hufu-inspect-'))
after(() => rm(base, { recursive: true }))

async function call(...args: string[]) {
  const out: string[] = []
  const err: string[] = []
  const output = { out: (line: string) => out.push(line), err: (line: string) => err.push(line) }
  return { code: await run(args, output), last: out.at(-1) ?? '', err: err.join('\n') }
}

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
