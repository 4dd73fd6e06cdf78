import { spawnSync } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

export interface SmallMount {
  readonly dir: string
  /** From now on nothing on it can be changed. */
  readOnly(): void
}

/** A file system in memory of 1 MiB, gone after the test; or the reason why there is none. */
export function smallMount(t: TestContext, root: string): SmallMount | string {
  const dir = mkdtempSync(join(root, 'mount-'))
  const failed = mount(['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', dir])
  if (failed !== undefined) return failed
  t.after(() => {
    spawnSync('umount', ['-l', dir])
  })
  return { dir, readOnly: () => void mount(['-o', 'remount,ro', dir]) }
}

function mount(args: string[]): string | undefined {
  const done = spawnSync('mount', args, { encoding: 'utf8' })
  if (done.status === 0) return undefined
  return `cannot mount a tmpfs: ${done.error?.message ?? done.stderr.trim()}`
}
