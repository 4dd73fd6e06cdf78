import type { Disk, DiskFile, DiskLock, OpenOptions } from '../disk.ts'
import { type CallsOptions, DiskCalls, triedOf } from './disk-calls.ts'
import { diskError } from './disk-error.ts'
import type { DiskCall, DiskCallKind, FaultMatch } from './faults.ts'
import { bytesThatFit, SimulatedFile } from './file.ts'
import type { Keep } from './file-data.ts'
import type { SimulatedProcess } from './process.ts'
import { Tree } from './tree.ts'

interface HeldLock extends DiskLock {
  readonly process: SimulatedProcess
}

/** 1 TiB. */
const CAPACITY_BYTES_DEFAULT = 2 ** 40

/**
 * Files in memory, with what a power cut would leave of them.
 *
 * Shows: unsynced sectors lost, kept or torn, in any order; unsynced names lost; a write cut off at
 * any byte when the process is killed; calls that fail, overtake each other or never return; a
 * failed sync after which the data reads well and is lost all the same; a full disk; decayed bits.
 *
 * Cannot show: damage to synced data other than by `flipBit`; misdirected or repeated writes; a
 * sector torn inside by a power cut (only by a kill, or a failed write); a device that lies about a
 * sync; stale reads other than by `dropCache`; permissions; links; a short write other than by what
 * it leaves behind. A failed `syncDir` may be repeated here, on a real disk it must not. A rename
 * into another folder is two changes, each kept or lost on its own.
 */
export class SimulatedDisk {
  /** The disk holds so many bytes, the sum of the files' sizes; may be changed at any time. */
  capacityBytes: number
  readonly #calls: DiskCalls
  readonly #tree = new Tree()
  readonly #locks = new Map<string, HeldLock>()

  constructor(options: CallsOptions, capacityBytes = CAPACITY_BYTES_DEFAULT) {
    this.#calls = new DiskCalls(options)
    this.capacityBytes = capacityBytes
  }

  /** Calls so far, by kind. */
  get counts(): Readonly<Record<DiskCallKind, number>> {
    return this.#calls.counts
  }

  /** Bytes that writes have put into files so far. */
  get bytesWritten(): number {
    return this.#calls.bytesWritten
  }

  /** Sum of the sizes of all named files, bytes. */
  get usedBytes(): number {
    let used = 0
    for (const [, file] of this.#tree.files()) used += file.size
    return used
  }

  /**
   * Lets a call fail with `code`: a failing write has written a random part first, a failing sync
   * has synced a random part and forgets the rest. `once`, default true: only one call.
   * Returns the undoing.
   */
  failAt(
    match: FaultMatch,
    code: 'EIO' | 'ENOSPC' | (string & {}),
    options: { once?: boolean } = {},
  ) {
    return this.#calls.faults.add(match, code, options.once ?? true)
  }

  /** Turns one bit (0 to 7) of the file round, in the cache and on the medium. */
  flipBit(path: string, byte: number, bit: number): void {
    this.#tree.file(path, `flip a bit of ${path}`).flipBit(byte, bit)
  }

  /** After this, what a failed sync has given up reads as it is on the medium. */
  dropCache(): void {
    for (const [, file] of this.#tree.files()) file.dropCache()
  }

  /** A copy of what a reader would see now. */
  contents(path: string): Uint8Array {
    return this.#tree.file(path, `look into ${path}`).contents()
  }

  /** Paths of all files, sorted. */
  files(): string[] {
    return [...this.#tree.files()].map(([path]) => path)
  }

  /** Ends what a dead process had under way: its writes are in the files up to some byte. */
  processEnded(process: SimulatedProcess, keep: Keep = 'some'): void {
    for (const flight of this.#calls.inFlight) {
      if (flight.process !== process) continue
      this.#calls.inFlight.delete(flight)
      const { bytes, file, position } = flight
      const most = bytesThatFit(file.size, bytes.length, position, () => this.#freeBytes())
      const done = { all: most, none: 0, some: this.#calls.random.below(most + 1) }[keep]
      file.write(bytes.subarray(0, done), position)
    }
    for (const held of [...this.#locks.values()]) if (held.process === process) held.release()
  }

  /** What was not synced is kept or lost. */
  powerCut(keep: Keep): void {
    this.#tree.powerCut(keep, this.#calls.random)
  }

  /** The disk as one process sees it. */
  portFor(process: SimulatedProcess): Disk {
    const run = <T>(kind: DiskCallKind, path: string, effect: (tried: string) => T) => {
      const call: DiskCall = { kind, path }
      return this.#calls.runWhole(process, call, () => effect(triedOf(call)))
    }
    const tree = this.#tree
    return {
      makeDir: (path) => run('makeDir', path, (tried) => tree.makeDir(path, tried)),
      list: (path) =>
        run('list', path, (tried) => [...tree.folder(path, tried).names.keys()].sort()),
      open: (path, options = {}) =>
        run('open', path, (tried) => this.#open(process, path, options, tried)),
      rename: (from, to) =>
        run('rename', from, (tried) => tree.rename(from, to, `${tried} to ${to}`)),
      remove: (path) => run('remove', path, (tried) => tree.remove(path, tried)),
      syncDir: (path) => this.#syncDir(process, path),
      freeBytes: (path) => run('freeBytes', path, () => this.#freeBytes()),
      lock: (path) => run('lock', path, () => this.#lock(process, path)),
    }
  }

  #open(process: SimulatedProcess, path: string, open: OpenOptions, tried: string): DiskFile {
    const create = open.create === true && open.readOnly !== true
    const data = create ? this.#tree.create(path, tried) : this.#tree.file(path, tried)
    const freeBytes = () => this.#freeBytes()
    return new SimulatedFile({ path, data, process, calls: this.#calls, open, freeBytes })
  }

  #syncDir(process: SimulatedProcess, path: string): Promise<void> {
    const call: DiskCall = { kind: 'syncDir', path }
    let folder: ReturnType<Tree['folder']>
    try {
      folder = this.#tree.folder(path, triedOf(call))
    } catch (error) {
      return Promise.reject(error)
    }
    const covered = folder.beginSync()
    return this.#calls.runWhole(process, call, () => folder.endSync(covered))
  }

  #lock(process: SimulatedProcess, path: string): DiskLock {
    const holder = this.#locks.get(path)
    if (holder !== undefined) {
      throw diskError('LOCKED', `lock ${path}`, `process ${holder.process.number} holds it`)
    }
    // The real lock leaves the same two files.
    for (const name of [path, `${path}.owner`]) this.#createIfMissing(name)
    const held: HeldLock = { process, release: () => this.#release(path, held) }
    this.#locks.set(path, held)
    return held
  }

  #release(path: string, held: HeldLock): void {
    if (this.#locks.get(path) === held) this.#locks.delete(path)
  }

  #createIfMissing(path: string): void {
    try {
      this.#tree.create(path, `lock ${path}`)
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    }
  }

  #freeBytes(): number {
    return Math.max(0, this.capacityBytes - this.usedBytes)
  }
}
