import { spawnSync } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

export interface Mount {
  readonly dir: string
  /** From now on nothing on it can be changed. */
  readOnly(): void
}

/** A file system in memory, gone after the test; or the reason why there is none. */
export function mounted(t: TestContext, mebibytes: number): Mount | string {
  const dir = mkdtempSync(join(tmpdir(), 'hufu-mount-'))
  const failed = mount(['-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'tmpfs', dir])
  if (failed !== undefined) return failed
  t.after(() => {
    spawnSync('umount', ['-l', dir])
    spawnSync('rmdir', [dir])
  })
  return { dir, readOnly: () => void mount(['-o', 'remount,ro', dir]) }
}

function mount(args: string[]): string | undefined {
  const done = spawnSync('mount', args, { encoding: 'utf8' })
  if (done.status === 0) return undefined
  return `cannot mount a tmpfs: ${done.error?.message ?? done.stderr.trim()}`
}
