import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { TestContext } from 'node:test'
import { it } from 'node:test'
import { nodeOs } from '@hufu/os'
import { sqlite } from './index.ts'

const PROGRAM = join(import.meta.dirname, 'process.fixture.ts')

/** A process that stores messages until it is killed. */
class Writing {
  readonly child: ChildProcess
  readonly lines: string[] = []
  readonly #closed: Promise<unknown>

  constructor(file: string, name: string, t: TestContext) {
    const stdio = ['ignore', 'pipe', 'inherit'] as const
    this.child = spawn(process.execPath, [PROGRAM, file, name], { stdio: [...stdio] })
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

it('processes share a file: kill -9 loses nothing answered and frees the claim', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'hufu-processes-'))
  const file = join(dir, 'app.db')
  const first = new Writing(file, 'first', t)
  await first.wrote(1)
  const second = new Writing(file, 'second', t)
  await Promise.all([first.wrote(60), second.wrote(60)])
  assert.deepEqual([first.lines[0], second.lines[0]], ['claimed', 'refused'])

  await first.kill()
  const store = sqlite(file)
  await store.open(nodeOs)
  const taken = await store.outbox.claim({ relay: 'third', limit: 1, leaseMs: 3_600_000 })
  assert.equal(taken?.rows.length, 1)
  await second.kill()

  const rows = await store.outbox.open('e', Number.MAX_SAFE_INTEGER, 1_000_000)
  const ids = new Set(rows.map((row) => row.id))
  const answered = [...first.lines.slice(1), ...second.lines.slice(1)]
  assert.deepEqual(
    answered.filter((id) => !ids.has(id)),
    [],
  )
  await store.close()
  await rm(dir, { recursive: true })
})
