import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'

const run = promisify(execFile)
const here = import.meta.dirname

for (const name of globSync('*.ts', { cwd: here }).filter((file) => !file.includes('.int.'))) {
  const path = join(here, name)
  const source = readFileSync(path, 'utf8')

  test(`${name} prints what its last comment says`, async () => {
    const cwd = await mkdtemp(join(tmpdir(), 'hufu-example-'))
    try {
      const { stdout, stderr } = await run(process.execPath, [path], { cwd, timeout: 30_000 })
      assert.equal(trimmed(stdout), expected(source))
      // Handlers that fail are told of; nothing else is said.
      assert.equal(stderr.replaceAll(/^hufu: Handling .*\n/gm, ''), '')
    } finally {
      await rm(cwd, { recursive: true })
    }
  })

  test(`${name} is shorter than 60 lines without its output`, () => {
    assert.ok(source.split('// Output:')[0]!.split('\n').length <= 60)
  })
}

function expected(source: string): string {
  const lines = source.split('// Output:\n')[1]?.split('\n') ?? []
  return lines
    .map((line) => line.replace(/^\/\/ ?/, ''))
    .join('\n')
    .trim()
}

function trimmed(text: string): string {
  return text
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')
    .trim()
}
