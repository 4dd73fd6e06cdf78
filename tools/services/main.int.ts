import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { cannotRunHere } from '../skip.ts'
import { descendants, untilGone } from './process-tree.ts'
import { runSql } from './sql.ts'

const MAIN = join(import.meta.dirname, 'main.ts')

interface Line {
  readonly name?: string
  readonly url?: string
  readonly pid?: number
  readonly skipped?: string
}

/** The command, and what it prints when the server is there. */
async function starting(name: string): Promise<[command: ChildProcess, line: Line]> {
  const command = spawn(process.execPath, [MAIN, 'start', name, '--json'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = await once(createInterface(command.stdout!), 'line')
  return [command, JSON.parse(line)]
}

test('Ctrl-C ends the server and the command', async (t) => {
  const [command, { name, url, pid, skipped }] = await starting('postgres')
  if (skipped) return cannotRunHere(t, skipped)
  assert.equal(name, 'postgres')
  await runSql(url!, 'SELECT 1')
  command.kill('SIGINT')
  const [exitCode] = await once(command, 'exit')
  assert.equal(exitCode, 0)
  assert.ok(await untilGone([pid!], 0), 'the server still runs')
})

for (const name of ['postgres', 'mariadb']) {
  test(`${name} ends with the process that started it, even one killed by SIGKILL`, async (t) => {
    if (spawnSync('setpriv', ['--pdeathsig', 'KILL', 'true']).status !== 0) {
      return cannotRunHere(t, 'no setpriv, which ties a process to its parent')
    }
    const [command, { pid, skipped }] = await starting(name)
    if (skipped) return cannotRunHere(t, skipped)
    const processes = [pid!, ...descendants(pid!)]
    command.kill('SIGKILL')
    assert.ok(await untilGone(processes, 60_000), 'the server still runs')
  })
}

test('wrong usage is exit code 2, with the help', () => {
  for (const args of [[], ['start'], ['start', 'oracle'], ['stop', 'postgres']]) {
    const { status, stderr } = spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8' })
    assert.equal(status, 2)
    assert.match(stderr, /^Cannot read '.*': see below\n\nnpm run services -- start postgres\|/)
  }
})

test('--help says what it does', () => {
  const { status, stdout } = spawnSync(process.execPath, [MAIN, '--help'], { encoding: 'utf8' })
  assert.equal(status, 0)
  assert.match(stdout, /prints its address/)
})
