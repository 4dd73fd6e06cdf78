import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { cannotRunHere } from '../../tools/skip.ts'
import type { Tally } from './run/tally.ts'

const MAIN = join(import.meta.dirname, 'main.ts')

interface Outcome {
  code: number | string | null | undefined
  object: Partial<Tally> & { skipped?: string; error?: string }
  stderr: string
}

function chaos(...args: string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(process.execPath, [MAIN, ...args, '--json'], (error, stdout, stderr) => {
      const object = JSON.parse(stdout.trim().split('\n').at(-1) ?? '')
      resolve({ code: error === null ? 0 : error.code, object, stderr })
    })
  })
}

/** Everything was kept, in so many trials; or it says why it cannot run here. */
function assertClean(t: TestContext, { code, object, stderr }: Outcome, trials: number): void {
  if (object.skipped !== undefined) {
    assert.equal(code, 3)
    return cannotRunHere(t, object.skipped)
  }
  assert.equal(code, 0, `${JSON.stringify(object)}\n${stderr}`)
  assert.ok(object.trials! >= trials, `${object.trials} trials`)
  const { lost, invented, startFailures, duplicatesUnflagged } = object
  const verdicts = { lost, invented, startFailures, duplicatesUnflagged }
  assert.deepEqual(verdicts, { lost: 0, invented: 0, startFailures: 0, duplicatesUnflagged: 0 })
}

test('kill -9 at random moments: all that was promised is kept', async (t) => {
  const outcome = await chaos('kill', '--trials', '30')
  assertClean(t, outcome, 30)
  assert.ok(outcome.object.seen!.confirmed! > 1_500, JSON.stringify(outcome.object.seen))
})

test('the log cut at every byte of its end: what was before it is served, no more', async (t) => {
  assertClean(t, await chaos('cut', '--bytes', '2048'), 3 * 1_900)
})

test('every bit of a log flipped: the damaged entry is named, all others are served', async (t) => {
  assertClean(t, await chaos('flip', '--bytes', '1024'), 2 * 8 * 1_024)
})

test('a disk that fills up: publishes are refused, it drains and is taken again', async (t) => {
  assertClean(t, await chaos('full', '--trials', '2'), 2)
})

test('wrong usage is told apart from a broken promise', async () => {
  const { code, object } = await chaos('burn')
  assert.equal(code, 2)
  assert.match(object.error!, /^Cannot run 'burn'/)
})

test('ended by a signal it leaves nothing behind', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'chaos-signal-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const env = { ...process.env, TMPDIR: folder }
  const run = spawn(process.execPath, [MAIN, 'kill', '--trials', '100'], { stdio: 'ignore', env })
  t.after(() => run.kill('SIGKILL'))
  while (readdirSync(folder).length === 0) await sleep(20)
  run.kill('SIGINT')
  const [code] = await once(run, 'exit')
  assert.equal(code, 130)
  assert.deepEqual(readdirSync(folder), [])
})
