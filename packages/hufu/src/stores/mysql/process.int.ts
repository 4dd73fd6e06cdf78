import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { TestContext } from 'node:test'
import { test } from 'node:test'
import { outboxRow } from '../../testing/rows.ts'
import { testDatabase } from './database.fixture.ts'

const PROGRAM = join(import.meta.dirname, 'process.fixture.ts')

/** A process that stores messages until it is killed. */
class Writing {
  readonly child: ChildProcess
  readonly lines: string[] = []
  readonly #closed: Promise<unknown>

  constructor(url: string, name: string, t: TestContext) {
    const stdio = ['ignore', 'pipe', 'inherit'] as const
    this.child = spawn(process.execPath, [PROGRAM, url, name], { stdio: [...stdio] })
    const input = createInterface({ input: this.child.stdout! })
    input.on('line', (line) => this.lines.push(line))
    t.after(() => this.child.kill('SIGKILL'))
    this.#closed = Promise.all([once(input, 'close'), once(this.child, 'exit')])
  }

  async wrote(count: number): Promise<void> {
    while (this.lines.length < count && this.child.exitCode === null) {
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    assert.equal(this.child.exitCode, null, 'the process is at work')
  }

  async kill(): Promise<void> {
    this.child.kill('SIGKILL')
    await this.#closed
  }
}

test('processes share a database: kill -9 loses nothing answered, the lease ends', async (t) => {
  const database = await testDatabase(t)
  if (!database) return
  const writing = [new Writing(database.url, 'one', t), new Writing(database.url, 'two', t)]
  await Promise.all(writing.map((one) => one.wrote(60)))
  assert.ok(writing.some(({ lines }) => lines[0] === 'claimed'))
  await Promise.all(writing.map((one) => one.kill()))

  const store = await database.store()
  const claim = () => store.outbox.claim({ relay: 'third', limit: 1, leaseMs: 60_000 })
  let taken = await claim()
  while (taken === undefined) {
    await new Promise((resolve) => setTimeout(resolve, 50))
    taken = await claim()
  }
  assert.equal(taken.rows.length, 1)

  const rows = await store.outbox.open('e', Number.MAX_SAFE_INTEGER, 1_000_000)
  const ids = new Set(rows.map((row) => row.id))
  const answered = writing.flatMap(({ lines }) => lines.slice(1))
  assert.deepEqual(
    answered.filter((id) => !ids.has(id)),
    [],
  )
})

test('a process that is paused in a transaction does not keep its locks', async (t) => {
  const database = await testDatabase(t)
  if (!database) return
  const program = join(import.meta.dirname, 'paused.fixture.ts')
  const stdio = ['ignore', 'pipe', 'ignore'] as const
  const child = spawn(process.execPath, [program, database.url], { stdio: [...stdio] })
  database.after(() => child.kill('SIGKILL'))
  await once(child.stdout!, 'data')
  child.kill('SIGSTOP')
  const store = await database.store()
  const stored = await store.transaction((tx) => store.outbox.insert(tx, outboxRow('1')))
  assert.deepEqual(stored, { repeated: false })
})
