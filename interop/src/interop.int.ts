import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { cannotRunHere } from '../../tools/skip.ts'

const MAIN = join(import.meta.dirname, 'main.ts')

interface Report {
  readonly programs?: number
  readonly same?: number
  readonly different?: readonly object[]
  readonly skipped?: readonly object[]
  readonly error?: string
}

/** One choice of programs, all the same on both servers. */
async function assertSame(t: TestContext, name: string, programs: number): Promise<void> {
  const { code, report, stderr } = await interop('amqp', '--only', name, '--json')
  if (code === 3) return cannotRunHere(t, report.error ?? 'no RabbitMQ')
  const expected = { programs, same: programs, different: [], skipped: [] }
  assert.deepEqual(report, expected, stderr)
  assert.equal(code, 0)
}

function interop(...args: string[]) {
  return new Promise<{ code: unknown; report: Report; stderr: string }>((resolve) => {
    execFile(process.execPath, [MAIN, ...args], (error, stdout, stderr) => {
      const report = JSON.parse(stdout.trim().split('\n').at(-1) || '{}')
      resolve({ code: error === null ? 0 : error.code, report, stderr })
    })
  })
}

test('a program of amqplib sees the same on Hufu and on a real RabbitMQ', async (t) => {
  await assertSame(t, 'amqplib/routing', 1)
})

test('frames by hand are settled by both in the same way', async (t) => {
  await assertSame(t, 'raw/settling', 1)
})

test('what is wrong usage is said, with exit code 2', async () => {
  const { code, report } = await interop('rocketmq', '--json')
  assert.equal(code, 2)
  assert.match(report.error ?? '', /no interop rocketmq/)
})
