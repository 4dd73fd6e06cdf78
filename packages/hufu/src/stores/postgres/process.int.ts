import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { TestContext } from 'node:test'
import { test } from 'node:test'
import { openStore } from './database.fixture.ts'

const PROGRAM = join(import.meta.dirname, 'process.fixture.ts')

/** A process that works on the database until it is killed. */
class Working {
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
    assert.ok(this.lines.length >= count, 'the process is at work')
  }

  async kill(): Promise<void> {
    this.child.kill('SIGKILL')
    await this.#closed
  }
}

test('processes share a database: kill -9 loses nothing answered, its claim ends', async (t) => {
  const opened = await openStore(t)
  if (!opened) return
  const { store, url } = opened
  const first = new Working(url, 'first', t)
  await first.wrote(1)
  const second = new Working(url, 'second', t)
  await Promise.all([first.wrote(60), second.wrote(60)])
  assert.equal(first.lines[0], 'claimed')
  await first.kill()
  const take = () => store.outbox.claim({ relay: 'third', limit: 1, leaseMs: 60_000 })
  let taken = await take()
  while (taken === undefined) taken = await take()
  assert.equal(taken.rows.length, 1)
  await second.kill()

  const rows = await store.outbox.open('e', Number.MAX_SAFE_INTEGER, 1_000_000)
  const ids = new Set(rows.map((row) => row.id))
  const answered = [...first.lines.slice(1), ...second.lines.slice(1)]
  assert.deepEqual(
    answered.filter((id) => !ids.has(id)),
    [],
  )
})

test('a process that falls silent in a transaction loses it, with its locks', async (t) => {
  const opened = await openStore(t)
  if (!opened) return
  const { store, url } = opened
  const holder = new Working(url, 'holder', t)
  await holder.wrote(1)
  holder.child.kill('SIGSTOP')
  const key = { kind: 'tcc', gid: 'g', branch: '01', op: 'cancel', barrier: '01' } as const
  const word = await store.transaction((tx) => store.barrier.enter(tx, key))
  assert.equal(word, 'empty')
  holder.child.kill('SIGCONT')
  await holder.wrote(2)
  assert.deepEqual(holder.lines, ['go', 'TRANSACTION_TIMEOUT'])
})
