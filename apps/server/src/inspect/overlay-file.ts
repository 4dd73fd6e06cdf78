import type { DiskError, DiskFile } from '@hufu/os'

const PAGE_BYTES = 4096

/** One file as it would be: what was written lies in memory, the rest is read from `under`. */
export class OverlayFile {
  readonly path: string
  size: number
  readonly #under: DiskFile | undefined
  readonly #underBytes: number
  readonly #pages = new Map<number, Uint8Array>()

  constructor(path: string, under: DiskFile | undefined, underBytes: number) {
    this.path = path
    this.#under = under
    this.#underBytes = underBytes
    this.size = underBytes
  }

  async read(target: Uint8Array, position: number): Promise<number> {
    const length = Math.max(0, Math.min(target.length, this.size - position))
    const wanted = target.subarray(0, length).fill(0)
    if (position < this.#underBytes) await this.#under?.read(wanted, position)
    for (const piece of piecesOf(wanted, position)) {
      const page = this.#pages.get(piece.page)
      if (page) piece.bytes.set(page.subarray(piece.from, piece.from + piece.bytes.length))
    }
    return length
  }

  async write(bytes: Uint8Array, position: number): Promise<void> {
    for (const piece of piecesOf(bytes, position)) {
      // Files are laid out with zeros, by the tens of MiB; those take no memory.
      const known = this.#pages.has(piece.page)
      if (!known && this.#isHole(piece.page) && piece.bytes.every((byte) => byte === 0)) continue
      const page = this.#pages.get(piece.page) ?? (await this.#load(piece.page))
      page.set(piece.bytes, piece.from)
      this.#pages.set(piece.page, page)
    }
    this.size = Math.max(this.size, position + bytes.length)
  }

  async close(): Promise<void> {
    await this.#under?.close()
  }

  /** As one that was opened: closing it keeps what is in it. */
  opened(readOnly: boolean): DiskFile {
    return {
      path: this.path,
      size: async () => this.size,
      read: (target, position) => this.read(target, position),
      write: async (bytes, position) => {
        if (readOnly) throw diskError('EBADF', `Cannot write ${this.path}: opened to read`)
        await this.write(bytes, position)
      },
      sync: async () => undefined,
      close: async () => undefined,
    }
  }

  #isHole(page: number): boolean {
    return page * PAGE_BYTES >= this.#underBytes
  }

  async #load(page: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(PAGE_BYTES)
    if (!this.#isHole(page)) await this.#under?.read(bytes, page * PAGE_BYTES)
    return bytes
  }
}

/** `bytes` at `position`, cut where a page ends. */
function* piecesOf(bytes: Uint8Array, position: number) {
  for (let at = 0; at < bytes.length; ) {
    const from = (position + at) % PAGE_BYTES
    const length = Math.min(PAGE_BYTES - from, bytes.length - at)
    const page = Math.floor((position + at) / PAGE_BYTES)
    yield { page, from, bytes: bytes.subarray(at, at + length) }
    at += length
  }
}

export function diskError(code: string, text: string): DiskError {
  return Object.assign(new Error(`${text} (${code})`), { code })
}
