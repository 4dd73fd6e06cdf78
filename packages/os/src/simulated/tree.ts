import { diskError } from './disk-error.ts'
import { FileData, type Keep } from './file-data.ts'
import type { SeededRandom } from './random.ts'

export type Entry = FileData | Folder

/** The names that one call sets, or removes where the entry is undefined: all or none of them. */
type Change = readonly (readonly [name: string, entry: Entry | undefined])[]

/** A folder: its names as the program sees them, and as they would be after a power cut. */
class Folder {
  readonly names = new Map<string, Entry>()
  readonly #durable = new Map<string, Entry>()
  #unsynced: { change: Change; sequence: number }[] = []
  #sequence = 0

  change(change: Change): void {
    apply(this.names, change)
    this.#unsynced.push({ change, sequence: ++this.#sequence })
  }

  /** What a sync that begins now will cover. */
  beginSync(): number {
    return this.#sequence
  }

  endSync(sequence: number): void {
    const covers = (one: { sequence: number }) => one.sequence <= sequence
    for (const { change } of this.#unsynced.filter(covers)) apply(this.#durable, change)
    this.#unsynced = this.#unsynced.filter((one) => !covers(one))
  }

  /** Keeps the first so many unsynced changes; then the same in every entry that is left. */
  powerCut(keep: Keep, random: SeededRandom): void {
    const kept = { all: this.#sequence, none: 0, some: this.#keptAtRandom(random) }[keep]
    this.endSync(kept)
    this.#unsynced = []
    this.names.clear()
    for (const [name, entry] of this.#durable) {
      this.names.set(name, entry)
      entry.powerCut(keep, random)
    }
  }

  #keptAtRandom(random: SeededRandom): number {
    return this.#sequence - random.below(this.#unsynced.length + 1)
  }
}

function apply(names: Map<string, Entry>, change: Change): void {
  for (const [name, entry] of change) {
    if (entry === undefined) names.delete(name)
    else names.set(name, entry)
  }
}

/** All files and folders. Paths are split at `/`; `.` is skipped, `..` is an ordinary name. */
export class Tree {
  readonly #root = new Folder()

  makeDir(path: string, tried: string): void {
    let folder = this.#root
    const names = namesOf(path)
    for (const [depth, name] of names.entries()) {
      let entry = folder.names.get(name)
      if (entry === undefined) {
        entry = new Folder()
        folder.change([[name, entry]])
      }
      if (!(entry instanceof Folder)) {
        throw diskError(depth === names.length - 1 ? 'EEXIST' : 'ENOTDIR', tried)
      }
      folder = entry
    }
  }

  folder(path: string, tried: string): Folder {
    const entry = this.#find(namesOf(path), tried)
    if (entry instanceof Folder) return entry
    throw diskError('ENOTDIR', tried)
  }

  file(path: string, tried: string): FileData {
    const entry = this.#find(namesOf(path), tried)
    if (entry instanceof FileData) return entry
    throw diskError('EISDIR', tried)
  }

  create(path: string, tried: string): FileData {
    const { folder, name } = this.#place(path, tried)
    if (folder.names.has(name)) throw diskError('EEXIST', tried)
    const file = new FileData()
    folder.change([[name, file]])
    return file
  }

  remove(path: string, tried: string): void {
    this.file(path, tried)
    const { folder, name } = this.#place(path, tried)
    folder.change([[name, undefined]])
  }

  rename(from: string, to: string, tried: string): void {
    const moved = this.file(from, tried)
    const source = this.#place(from, tried)
    const target = this.#place(to, tried)
    if (target.folder.names.get(target.name) instanceof Folder) throw diskError('EISDIR', tried)
    if (source.folder === target.folder && source.name === target.name) return
    if (source.folder === target.folder) {
      source.folder.change([
        [source.name, undefined],
        [target.name, moved],
      ])
      return
    }
    target.folder.change([[target.name, moved]])
    source.folder.change([[source.name, undefined]])
  }

  /** Every file with its path, in the order of the folders' names. */
  *files(folder = this.#root, prefix = ''): Generator<[path: string, file: FileData]> {
    for (const name of [...folder.names.keys()].sort()) {
      const entry = folder.names.get(name)
      if (entry instanceof FileData) yield [`${prefix}/${name}`, entry]
      else if (entry instanceof Folder) yield* this.files(entry, `${prefix}/${name}`)
    }
  }

  powerCut(keep: Keep, random: SeededRandom): void {
    this.#root.powerCut(keep, random)
  }

  #place(path: string, tried: string): { folder: Folder; name: string } {
    const names = namesOf(path)
    const name = names.pop()
    if (name === undefined) throw diskError('EISDIR', tried)
    const folder = this.#find(names, tried)
    if (folder instanceof Folder) return { folder, name }
    throw diskError('ENOTDIR', tried)
  }

  #find(names: readonly string[], tried: string): Entry {
    let entry: Entry = this.#root
    for (const name of names) {
      if (!(entry instanceof Folder)) throw diskError('ENOTDIR', tried)
      const next: Entry | undefined = entry.names.get(name)
      if (next === undefined) throw diskError('ENOENT', tried)
      entry = next
    }
    return entry
  }
}

function namesOf(path: string): string[] {
  return path.split('/').filter((name) => name !== '' && name !== '.')
}
