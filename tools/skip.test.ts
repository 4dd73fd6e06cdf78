import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

const SKIP = join(import.meta.dirname, 'skip.ts')

/** Runs a test that wants to skip, by the runner's own means. */
function runSkipping(noSkip: string): { status: number | null; stdout: string } {
  const dir = mkdtempSync(join(tmpdir(), 'hufu-skip-'))
  try {
    const file = join(dir, 'a.test.mjs')
    writeFileSync(
      file,
      `import { test } from 'node:test'\nimport { cannotRunHere } from '${SKIP}'\n` +
        `test('mounts', (t) => cannotRunHere(t, 'no mount'))\n`,
    )
    const { NODE_TEST_CONTEXT: _, ...env } = process.env
    return spawnSync(process.execPath, ['--test', '--test-reporter=spec', file], {
      encoding: 'utf8',
      env: { ...env, HUFU_NO_SKIP: noSkip },
    })
  } finally {
    rmSync(dir, { recursive: true })
  }
}

test('what cannot run here is skipped with its reason', () => {
  const { status, stdout } = runSkipping('')
  assert.equal(status, 0)
  assert.match(stdout, /mounts .*cannot run here: no mount/)
  assert.match(stdout, /skipped 1/)
})

test('with HUFU_NO_SKIP=1 it fails', () => {
  const { status, stdout } = runSkipping('1')
  assert.equal(status, 1)
  assert.match(stdout, /Cannot skip 'mounts' \(HUFU_NO_SKIP=1\): no mount/)
})
