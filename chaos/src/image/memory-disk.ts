import type { Disk, DiskFile, DiskLock, Os } from '@hufu/os'
import { nodeOs } from '@hufu/os'
import { SeededRandom } from '@hufu/os/simulated'

/** Files by path; what is in it is never changed. */
export type Files = ReadonlyMap<string, Uint8Array>

interface Content {
  bytes: Uint8Array
  /** Else the bytes are shared with other disks, and are copied before the first change. */
  own: boolean
}

/** A disk in memory that starts in no time from given files; one folder, no faults. */
export class MemoryDisk implements Disk {
  /** A name that may not be written to: the disk is full. */
  full: (path: string) => boolean = () => false
  readonly #files = new Map<string, Content>()

  constructor(files: Files) {
    for (const [path, bytes] of files) this.#files.set(path, { bytes, own: false })
  }

  /** What is on the disk now. */
  files(): Files {
    return new Map([...this.#files].map(([path, { bytes }]) => [path, bytes.slice()]))
  }

  async makeDir(): Promise<void> {}
  async syncDir(): Promise<void> {}

  async list(path: string): Promise<string[]> {
    const names = [...this.#files.keys()].filter((name) => name.startsWith(`${path}/`))
    return names.map((name) => name.slice(path.length + 1)).sort()
  }

  async open(path: string, options: { create?: boolean } = {}): Promise<DiskFile> {
    let content = this.#files.get(path)
    if (options.create && content !== undefined) throw diskError('EEXIST', path)
    if (options.create) {
      content = { bytes: new Uint8Array(0), own: true }
      this.#files.set(path, content)
    }
    if (content === undefined) throw diskError('ENOENT', path)
    return this.#file(path, content)
  }

  #file(path: string, content: Content): DiskFile {
    return {
      path,
      size: async () => content.bytes.length,
      read: async (target, position) => {
        const part = content.bytes.subarray(position, position + target.length)
        target.set(part)
        return part.length
      },
      write: async (bytes, position) => {
        if (this.full(path)) throw diskError('ENOSPC', path)
        const end = Math.max(content.bytes.length, position + bytes.length)
        if (!content.own || end > content.bytes.length) {
          const copy = new Uint8Array(end)
          copy.set(content.bytes)
          content.bytes = copy
          content.own = true
        }
        content.bytes.set(bytes, position)
      },
      sync: async () => undefined,
      close: async () => undefined,
    }
  }

  async rename(from: string, to: string): Promise<void> {
    const content = this.#files.get(from)
    if (content === undefined) throw diskError('ENOENT', from)
    this.#files.delete(from)
    this.#files.set(to, content)
  }

  async remove(path: string): Promise<void> {
    if (!this.#files.delete(path)) throw diskError('ENOENT', path)
  }

  async freeBytes(): Promise<number> {
    return 2 ** 40
  }

  async lock(): Promise<DiskLock> {
    return { release: () => undefined }
  }
}

function diskError(code: string, path: string): Error {
  return Object.assign(new Error(`Cannot use ${path}: ${code}`), { code })
}

const NOW = 1_767_225_600_000

/** A machine around the disk on which no time passes: what is delayed stays so. */
export function timelessOs(disk: MemoryDisk): Os {
  const timer = () => ({ cancel: () => undefined })
  const turn = (fn: () => void) => void setImmediate(fn)
  const crash = (error: Error) => {
    throw error
  }
  const clock = { now: () => NOW, mono: () => 0, timer, turn }
  return { disk, net: nodeOs.net, clock, random: RANDOM, crash }
}

const RANDOM = new SeededRandom(1)
