import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, test } from 'node:test'
import { cannotRunHere } from '../../../../tools/skip.ts'
import type { Broker } from '../api.ts'
import { createBroker } from '../engine/open.ts'
import { refusal } from '../engine/world.fixture.ts'
import { BrokerError } from '../errors.ts'
import { mounted } from './mount.fixture.ts'

const KiB = 1024
const OWNER = join(import.meta.dirname, 'owner.fixture.ts')
const root = mkdtempSync(join(tmpdir(), 'hufu-folder-'))
after(() => rmSync(root, { recursive: true }))

/** Another process that has the folder open, and the lines it says. */
function owner(dir: string): { child: ChildProcess; next: () => Promise<string> } {
  const flags = ['--disable-warning=ExperimentalWarning']
  const stdio = ['pipe', 'pipe', 'inherit'] as const
  const child = spawn(process.execPath, [...flags, OWNER, dir], { stdio: [...stdio] })
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]()
  return { child, next: async () => String((await lines.next()).value) }
}

test('a second process is refused by name; the death of the first frees it', async () => {
  const dir = join(root, 'shared')
  const { child, next } = owner(dir)
  const ended = new Promise((resolve) => child.on('close', resolve))
  assert.equal(await next(), 'open')
  const text = new RegExp(`^Cannot open broker folder ${dir}: .*process ${child.pid} holds it`)
  for (let i = 0; i < 3; i++) {
    await assert.rejects(createBroker({ dir }), refusal('FOLDER_LOCKED', text))
    child.stdin!.write(`${i}\n`)
    assert.equal(await next(), `published ${i}`)
  }
  child.kill('SIGKILL')
  await ended
  const broker = await createBroker({ dir })
  assert.equal(broker.report.messages, 3)
  assert.equal(broker.report.cleanStop, false)
  await assert.rejects(createBroker({ dir }), refusal('FOLDER_LOCKED', /\(this one\) holds it/))
  await broker.close()
  await (await createBroker({ dir })).close()
})

test('a folder that is a file, or lies in one, is unusable', async () => {
  const file = join(root, 'file')
  writeFileSync(file, 'x')
  for (const dir of [file, join(file, 'below')]) {
    const text = new RegExp(`^Cannot open broker folder ${dir}: `)
    await assert.rejects(createBroker({ dir }), refusal('FOLDER_UNUSABLE', text))
  }
})

test('a read-only folder is unusable, and nothing in it is changed', async (t) => {
  const mount = mounted(t, 8)
  if (typeof mount === 'string') return cannotRunHere(t, mount)
  const dir = join(mount.dir, 'broker')
  const broker = await createBroker({ dir })
  await broker.declareQueue('a')
  await broker.publish({ queues: ['a'], body: Buffer.from('x') })
  await broker.close()
  mount.readOnly()
  for (const path of [dir, join(mount.dir, 'other')]) {
    const text = new RegExp(`^Cannot open broker folder ${path}: .*EROFS`)
    await assert.rejects(createBroker({ dir: path }), refusal('FOLDER_UNUSABLE', text))
  }
})

test('a full file system is drained, and publishes are taken again', async (t) => {
  const mount = mounted(t, 4)
  if (typeof mount === 'string') return cannotRunHere(t, mount)
  const dir = join(mount.dir, 'broker')
  const limits = { segmentBytesMin: 64 * KiB, segmentBytesMax: 512 * KiB }
  const broker = await createBroker({ dir, limits })
  await broker.declareQueue('a')
  let published = 0
  for (let round = 0; round < 2; round++) {
    const count = await fill(broker)
    assert.ok(count > 500, `${count} messages`)
    published += count
    await drain(broker, broker.queues()[0]!.ready)
    assert.equal(broker.queues()[0]!.ready, 0)
  }
  assert.equal(broker.stats().settled, published)
  await broker.close()
})

/** Publishes until the disk is full, giving it a while to find room first. */
async function fill(broker: Broker): Promise<number> {
  for (let count = 0, refusals = 0; ; ) {
    try {
      await broker.publish({ queues: ['a'], body: new Uint8Array(1_000) })
      count++
    } catch (error) {
      assert.ok(error instanceof BrokerError && error.code === 'LOG_FULL', String(error))
      if (count > 500 || refusals++ > 50) return count
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
}

function drain(broker: Broker, count: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let left = count
    const taker = broker.subscribe('a', { credit: 20 }, (batch) => {
      const settled = taker.settle(batch.map(({ id }) => ({ id, outcome: 'done' as const })))
      left -= batch.length
      if (left === 0) settled.then(() => taker.close()).then(resolve, reject)
    })
  })
}
