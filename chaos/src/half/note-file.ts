import { openSync, readFileSync, writeSync } from 'node:fs'

/** What a process notes of itself before the thing can have any effect. */
export type Note =
  /** A message came; `local`: its local transaction was committed at that moment. */
  | { readonly what: 'delivered'; readonly id: string; readonly local: boolean }
  /** The broker asked, and is about to be told `word`. */
  | {
      readonly what: 'asked'
      readonly transactionId: string
      readonly version: number
      readonly word: string
    }

/** Lines of a file. What was written stands in the page cache, which a kill does not touch. */
export class NoteFile {
  readonly #handle: number

  constructor(path: string) {
    this.#handle = openSync(path, 'a')
  }

  add(note: Note): void {
    const bytes = Buffer.from(`${JSON.stringify(note)}\n`)
    for (let at = 0; at < bytes.length; ) at += writeSync(this.#handle, bytes, at)
  }
}

export function readNotes(path: string): Note[] {
  const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1)
  return lines.map((line) => JSON.parse(line) as Note)
}
