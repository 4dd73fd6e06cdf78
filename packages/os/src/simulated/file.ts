import type { DiskFile, OpenOptions } from '../disk.ts'
import { type DiskCalls, triedOf } from './disk-calls.ts'
import { diskError } from './disk-error.ts'
import type { DiskCall, DiskCallKind } from './faults.ts'
import type { FileData } from './file-data.ts'
import type { SimulatedProcess } from './process.ts'

export interface FileOptions {
  readonly path: string
  readonly data: FileData
  readonly process: SimulatedProcess
  readonly calls: DiskCalls
  readonly open: OpenOptions
  /** Bytes that still fit on the disk. */
  readonly freeBytes: () => number
}

/** An open file of one process of the simulated world. */
export class SimulatedFile implements DiskFile {
  readonly path: string
  readonly #data: FileData
  readonly #process: SimulatedProcess
  readonly #calls: DiskCalls
  readonly #open: OpenOptions
  readonly #freeBytes: () => number
  #closed = false

  constructor(options: FileOptions) {
    this.path = options.path
    this.#data = options.data
    this.#process = options.process
    this.#calls = options.calls
    this.#open = options.open
    this.#freeBytes = options.freeBytes
  }

  size(): Promise<number> {
    return this.#run({ kind: 'size', path: this.path }, () => this.#data.size)
  }

  read(target: Uint8Array, position: number): Promise<number> {
    const call = this.#call('read', position, target)
    return this.#run(call, () => this.#data.read(target, position))
  }

  async write(bytes: Uint8Array, position: number): Promise<void> {
    const call = this.#call('write', position, bytes)
    if (this.#closed || this.#open.readOnly) throw diskError('EBADF', triedOf(call))
    const flight = { process: this.#process, file: this.#data, bytes, position }
    if (this.#process.alive) this.#calls.inFlight.add(flight)
    await this.#calls.run(this.#process, call, (fault) => {
      this.#calls.inFlight.delete(flight)
      this.#write(call, bytes, position, fault)
    })
  }

  async sync(): Promise<void> {
    const call: DiskCall = { kind: 'sync', path: this.path }
    if (this.#closed) throw diskError('EBADF', triedOf(call))
    const pass = this.#data.beginSync()
    await this.#calls.run(this.#process, call, (fault) => {
      if (fault === undefined) return this.#data.endSync(pass)
      this.#data.failSync(pass, this.#calls.random)
      throw diskError(fault, triedOf(call))
    })
  }

  close(): Promise<void> {
    const closed = this.#run({ kind: 'close', path: this.path }, () => {})
    this.#closed = true
    return closed
  }

  #write(call: DiskCall, bytes: Uint8Array, position: number, fault: string | undefined): void {
    const fits = bytesThatFit(this.#data.size, bytes.length, position, this.#freeBytes)
    const code = fault ?? (fits < bytes.length ? 'ENOSPC' : undefined)
    if (code === undefined) {
      this.#writeWhole(bytes, position)
      return
    }
    const done = fault === undefined ? fits : this.#calls.random.below(fits + 1)
    this.#data.write(bytes.subarray(0, done), position)
    this.#calls.bytesWritten += done
    if (this.#open.durable) this.#data.failSync(this.#data.beginSync(), this.#calls.random)
    throw diskError(code, triedOf(call))
  }

  #writeWhole(bytes: Uint8Array, position: number): void {
    if (this.#open.durable) this.#data.writeDurable(bytes, position)
    else this.#data.write(bytes, position)
    this.#calls.bytesWritten += bytes.length
    this.#calls.trace.addBytes(bytes)
  }

  #run<T>(call: DiskCall, effect: () => T): Promise<T> {
    if (this.#closed) return Promise.reject(diskError('EBADF', triedOf(call)))
    return this.#calls.runWhole(this.#process, call, effect)
  }

  #call(kind: DiskCallKind, position: number, bytes: Uint8Array): DiskCall {
    return { kind, path: this.path, position, length: bytes.length }
  }
}

/** Only growth needs room: sectors that a file has are written in place. */
export function bytesThatFit(
  size: number,
  length: number,
  position: number,
  freeBytes: () => number,
): number {
  if (position + length <= size) return length
  return Math.max(0, Math.min(length, size + freeBytes() - position))
}
