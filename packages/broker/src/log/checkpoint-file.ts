import { type Disk, type DiskFile, isDiskError } from '@hufu/os'
import { BrokerError } from '../errors.ts'
import { checksum } from './checksum.ts'
import { bytesOf } from './entry.ts'
import { FORMAT, getU64, setU64 } from './layout.ts'
import { createZeroed } from './segment.ts'

/*
 *   file   | magic 8 | crc 4 | format 4 | sequence 8 | position 8 | time 8 | blocks 4 | to 64 |
 *   block  | length 4 | crc 4 | bytes |        crc seeded with sequence and number of the block
 *
 * Two files, written in turn and in place: a crash leaves the other one, and a full disk, on which
 * queues are being drained, still takes a checkpoint, which is what frees segments again.
 */
const NAMES = ['checkpoint-a', 'checkpoint-b'] as const
const MAGIC = 0x3154_504b_5546_5548n // "HUFUKPT1"
const HEADER_BYTES = 64
const BLOCK_HEADER_BYTES = 8
/** Laid out at once, so that a small state always has room. */
const FILE_BYTES_MIN = 64 * 1024
const COPY_BYTES = 1 << 20

interface Header {
  sequence: number
  position: number
  time: number
  blocks: number
}

/** A checkpoint found at start: all that lies before `position` is in its blocks. */
export interface StoredCheckpoint extends Header {
  path: string
  bytes: number
}

/** The two checkpoint files of a folder. */
export class CheckpointFiles {
  readonly #disk: Disk
  readonly #dir: string
  #newest: StoredCheckpoint | undefined
  /** The newest was written in this life of the broker, not found at its start. */
  #durable = false
  /** Highest that may stand in a file: after an attempt that failed a file has blocks of two. */
  #sequence = 0

  constructor(disk: Disk, dir: string) {
    this.#disk = disk
    this.#dir = dir
  }

  get newest(): StoredCheckpoint | undefined {
    return this.#newest
  }

  /**
   * Makes the two files in a folder that has none, while there is room: a disk that is full later
   * still takes a checkpoint, which frees segments.
   */
  async layOut(): Promise<void> {
    for (const name of NAMES) {
      const path = `${this.#dir}/${name}`
      const file = await openExisting(this.#disk, path)
      if (file !== undefined) await file.close()
      else await this.#create(path).then((made) => made.close(), onlyNoSpace)
    }
  }

  /** The newest whole checkpoint; undefined in a folder that never had one. */
  async find(): Promise<StoredCheckpoint | undefined> {
    const found: StoredCheckpoint[] = []
    for (const name of NAMES) {
      const checkpoint = await this.#check(`${this.#dir}/${name}`)
      if (checkpoint !== undefined) found.push(checkpoint)
    }
    found.sort((a, b) => b.sequence - a.sequence)
    this.#newest = found[0]
    return this.#newest
  }

  async #check(path: string): Promise<StoredCheckpoint | undefined> {
    const file = await openExisting(this.#disk, path)
    if (file === undefined) return undefined
    try {
      const header = await readHeader(file, path)
      if (header === undefined) return undefined
      this.#sequence = Math.max(this.#sequence, header.sequence)
      let bytes = HEADER_BYTES
      for await (const block of readBlocks(file, header)) {
        if (block === undefined) return undefined
        bytes += block.length + BLOCK_HEADER_BYTES
      }
      return { ...header, path, bytes }
    } finally {
      await file.close()
    }
  }

  /** The blocks of a checkpoint, in order. */
  async *read(checkpoint: StoredCheckpoint): AsyncGenerator<Uint8Array> {
    const file = await this.#disk.open(checkpoint.path, { readOnly: true })
    try {
      for await (const block of readBlocks(file, checkpoint)) {
        if (block !== undefined) yield block
      }
    } finally {
      await file.close()
    }
  }

  /** Writes a checkpoint over the older of the two files; durable when it returns. */
  async write(
    position: number,
    time: number,
    blocks: AsyncIterable<Uint8Array>,
  ): Promise<StoredCheckpoint> {
    await this.#secureNewest()
    const newest = this.#newest
    const name = newest?.path.endsWith(NAMES[0]) ? NAMES[1] : NAMES[0]
    const path = `${this.#dir}/${name}`
    const sequence = ++this.#sequence
    const file = (await openExisting(this.#disk, path)) ?? (await this.#create(path))
    try {
      const written = await writeBlocks(file, sequence, blocks)
      await file.sync()
      const header = { sequence, position, time, blocks: written.count }
      await file.write(encodeHeader(header), 0)
      await file.sync()
      this.#newest = { ...header, path, bytes: written.bytes }
      this.#durable = true
      return this.#newest
    } finally {
      await file.close()
    }
  }

  /**
   * Before the other file is written over: one that was found at start may stand in the page cache
   * only, after a kill or a failed sync, where a second sync would do nothing. So it is written
   * anew.
   */
  async #secureNewest(): Promise<void> {
    if (this.#newest === undefined || this.#durable) return
    const file = await this.#disk.open(this.#newest.path)
    try {
      const chunk = new Uint8Array(Math.min(COPY_BYTES, this.#newest.bytes))
      for (let at = 0; at < this.#newest.bytes; at += chunk.length) {
        const piece = chunk.subarray(0, Math.min(chunk.length, this.#newest.bytes - at))
        await file.read(piece, at)
        await file.write(piece, at)
      }
      await file.sync()
    } finally {
      await file.close()
    }
    this.#durable = true
  }

  async #create(path: string): Promise<DiskFile> {
    await createZeroed(this.#disk, path, FILE_BYTES_MIN)
    await this.#disk.syncDir(this.#dir)
    return this.#disk.open(path)
  }
}

async function openExisting(disk: Disk, path: string): Promise<DiskFile | undefined> {
  try {
    return await disk.open(path)
  } catch (error) {
    if (isDiskError(error, 'ENOENT')) return undefined
    throw error
  }
}

function onlyNoSpace(error: unknown): void {
  if (!isDiskError(error, 'ENOSPC') && !isDiskError(error, 'EDQUOT')) throw error
}

function blockSeed(sequence: number, index: number): number {
  return (Math.imul(sequence, 0x9e37_79b1) ^ index) >>> 0
}

async function writeBlocks(
  file: DiskFile,
  sequence: number,
  blocks: AsyncIterable<Uint8Array>,
): Promise<{ bytes: number; count: number }> {
  let at = HEADER_BYTES
  let count = 0
  for await (const block of blocks) {
    const { bytes, view } = bytesOf(new Uint8Array(BLOCK_HEADER_BYTES + block.length))
    view.setUint32(0, block.length, true)
    view.setUint32(4, checksum(block, 0, block.length, blockSeed(sequence, count)), true)
    bytes.set(block, BLOCK_HEADER_BYTES)
    await file.write(bytes, at)
    at += bytes.length
    count++
  }
  return { bytes: at, count }
}

/**
 * Yields each block, or undefined and the end where one is not whole. A block is good until the
 * next is asked for, which uses the same memory.
 */
async function* readBlocks(file: DiskFile, header: Header): AsyncGenerator<Uint8Array | undefined> {
  const head = bytesOf(new Uint8Array(BLOCK_HEADER_BYTES))
  const size = await file.size()
  let memory = Buffer.alloc(0)
  let at = HEADER_BYTES
  for (let index = 0; index < header.blocks; index++) {
    const read = await file.read(head.bytes, at)
    const length = head.view.getUint32(0, true)
    if (read < BLOCK_HEADER_BYTES || at + BLOCK_HEADER_BYTES + length > size) return yield undefined
    if (memory.length < length) memory = Buffer.allocUnsafeSlow(length)
    const block = memory.subarray(0, length)
    await file.read(block, at + BLOCK_HEADER_BYTES)
    const crc = checksum(block, 0, length, blockSeed(header.sequence, index))
    if (crc !== head.view.getUint32(4, true)) return yield undefined
    yield block
    at += BLOCK_HEADER_BYTES + length
  }
}

function encodeHeader(header: Header): Uint8Array {
  const { bytes, view } = bytesOf(new Uint8Array(HEADER_BYTES))
  view.setBigUint64(0, MAGIC, true)
  view.setUint32(12, FORMAT, true)
  setU64(view, 16, header.sequence)
  setU64(view, 24, header.position)
  setU64(view, 32, header.time)
  view.setUint32(40, header.blocks, true)
  view.setUint32(8, checksum(bytes, 12, HEADER_BYTES, 0), true)
  return bytes
}

async function readHeader(file: DiskFile, path: string): Promise<Header | undefined> {
  const { bytes, view } = bytesOf(new Uint8Array(HEADER_BYTES))
  const read = await file.read(bytes, 0)
  if (read < HEADER_BYTES || view.getBigUint64(0, true) !== MAGIC) return undefined
  if (view.getUint32(8, true) !== checksum(bytes, 12, HEADER_BYTES, 0)) return undefined
  const format = view.getUint32(12, true)
  if (format > FORMAT) {
    const text = `it has format ${format}, this version knows up to ${FORMAT}`
    throw new BrokerError('FORMAT_UNKNOWN', `Cannot open ${path}: ${text}`)
  }
  return {
    sequence: getU64(view, 16),
    position: getU64(view, 24),
    time: getU64(view, 32),
    blocks: view.getUint32(40, true),
  }
}
