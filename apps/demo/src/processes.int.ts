import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { test } from 'node:test'
import { folder, lastLine, living, processesOf, start } from './demo.fixture.ts'

/** Long enough for a process that sees that its supervisor is gone, ms. */
const GONE_MS = 5_000

const NAMES = ['broker', 'order', 'coupon', 'points', 'sms'] as const

/** A run that goes on for minutes, and is at work. */
async function atWork(t: TestContext, name: string, detached = false) {
  const dir = await folder(t)
  const data = join(dir, name)
  const args = ['--count', '5000', '--kills', '0', '--rate', '50', '--json', '--data', data]
  const demo = start(args, dir, detached)
  t.after(() => demo.child.kill('SIGKILL'))
  await demo.said(/[1-9]\d* placed/)
  const processes = processesOf(data)
  const pids = Object.values(processes)
  assert.deepEqual(Object.keys(processes), NAMES)
  assert.equal((await living(pids)).length, NAMES.length)
  return { ...demo, data, processes, pids }
}

for (const [signal, exitCode] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  test(`${signal} ends the demo and all of its processes`, async (t) => {
    const { child, ended, pids } = await atWork(t, signal)
    child.kill(signal)
    const { code, out } = await ended
    assert.equal(code, exitCode)
    assert.match(String(lastLine(out).error), /ended by SIG/)
    assert.deepEqual(await living(pids), [])
  })
}

test('Ctrl-C, which reaches every process of the terminal, ends it in the same way', async (t) => {
  const { child, ended, pids } = await atWork(t, 'd', true)
  process.kill(-child.pid!, 'SIGINT')
  const { code, out } = await ended
  assert.equal(code, 130)
  assert.match(String(lastLine(out).error), /ended by SIGINT/)
  assert.deepEqual(await living(pids), [])
})

test('no process outlives a demo that is killed itself', async (t) => {
  const { child, ended, pids } = await atWork(t, 'd')
  child.kill('SIGKILL')
  await ended
  assert.deepEqual(await living(pids, GONE_MS), [])
})

for (const name of NAMES) {
  test(`the ${name} dying by itself is a failure; the others are ended, files kept`, async (t) => {
    const { ended, data, processes, pids } = await atWork(t, 'd')
    process.kill(processes[name], 'SIGTERM')
    const { code, out, err } = await ended
    assert.equal(code, 1, err)
    const found = lastLine(out)
    assert.equal(found.consistent, false)
    const how = name === 'broker' ? 'exit code 0' : 'SIGTERM'
    assert.match(String(found.error), new RegExp(`the ${name}: it ended by itself, ${how}`))
    assert.ok(Number(found.placed) > 0 && existsSync(join(data, 'order.db')))
    assert.deepEqual(await living(pids), [])
  })
}

test('after a success no process is left', async (t) => {
  const dir = await folder(t)
  const data = join(dir, 'd')
  const args = ['--count', '50', '--kills', '1', '--json', '--data', data]
  const { code, err } = await start(args, dir).ended
  assert.equal(code, 0, err)
  assert.deepEqual(await living(Object.values(processesOf(data))), [])
})
