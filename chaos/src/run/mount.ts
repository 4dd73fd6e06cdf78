import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CannotRunError } from '../options.ts'
import type { Cleanup } from './cleanup.ts'

export type MountKind = 'ext4' | 'xfs' | 'tmpfs'

/** A worker that was killed lets go of its files a moment later. */
const UNMOUNT_TRIES = 100
const UNMOUNT_PAUSE_MS = 50

/** A small file system of its own: in memory, or in a file. */
export class Mount {
  readonly dir: string
  readonly #root: string
  readonly #kind: MountKind
  readonly #bytes: number
  readonly #takenBack: () => void
  #mounted = false

  constructor(kind: MountKind, bytes: number, cleanup: Cleanup) {
    this.#root = mkdtempSync(join(tmpdir(), 'hufu-chaos-disk-'))
    this.dir = mkdtempSync(join(this.#root, 'mount-'))
    this.#kind = kind
    this.#bytes = bytes
    this.#takenBack = cleanup.add(() => this.#remove())
    if (kind !== 'tmpfs') this.#format()
    this.mount()
  }

  get #image(): string {
    return join(this.#root, 'image')
  }

  #format(): void {
    writeFileSync(this.#image, '')
    truncateSync(this.#image, this.#bytes)
    const quiet = this.#kind === 'ext4' ? ['-q', '-F', '-m', '0'] : ['-q', '-f']
    demand(`mkfs.${this.#kind}`, [...quiet, this.#image])
  }

  mount(): void {
    const what =
      this.#kind === 'tmpfs'
        ? ['-t', 'tmpfs', '-o', `size=${this.#bytes}`, 'tmpfs']
        : ['-t', this.#kind, '-o', 'loop', this.#image]
    demand('mount', [...what, this.dir])
    this.#mounted = true
  }

  unmount(): void {
    for (let tries = 1; this.#mounted; tries++) {
      const done = spawnSync('umount', [this.dir], { encoding: 'utf8' })
      if (done.status === 0) this.#mounted = false
      else if (tries >= UNMOUNT_TRIES) throw new Error(`Unmounting: ${done.stderr.trim()}`)
      else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, UNMOUNT_PAUSE_MS)
    }
  }

  /** From now on nothing reaches the disk, and what was not synced is gone at the next mount. */
  cutPower(): void {
    demand('xfs_io', ['-x', '-c', 'shutdown', this.dir])
  }

  /** Unmounts and deletes. */
  end(): void {
    this.#takenBack()
    this.#remove()
  }

  #remove(): void {
    if (this.#mounted) spawnSync('umount', ['-l', this.dir])
    this.#mounted = false
    rmSync(this.#root, { recursive: true, force: true })
  }
}

function demand(command: string, args: string[]): void {
  const done = spawnSync(command, args, { encoding: 'utf8' })
  if (done.status === 0) return
  const why = done.error?.message ?? done.stderr.trim()
  throw new CannotRunError(`Cannot run ${command} ${args.join(' ')}: ${why}`)
}
