import { openSync, readFileSync, writeSync } from 'node:fs'

/** What a process notes of itself before the thing can have any effect. */
export type Noted =
  /** A message came; `local`: its local transaction was committed at that moment. */
  | { readonly what: 'delivered'; readonly id: string; readonly local: boolean }
  /** The broker asked, and is about to be told `word`. */
  | {
      readonly what: 'asked'
      readonly transactionId: string
      readonly version: number
      readonly word: string
    }

/** Lines of a file that a kill of the process does not touch: they stand in the page cache. */
export class Record {
  readonly #handle: number

  constructor(path: string) {
    this.#handle = openSync(path, 'a')
  }

  add(noted: Noted): void {
    const bytes = Buffer.from(`${JSON.stringify(noted)}\n`)
    for (let at = 0; at < bytes.length; ) at += writeSync(this.#handle, bytes, at)
  }
}

/** All that was noted; a line that a kill cut off is left out. */
export function readRecord(path: string): Noted[] {
  const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1)
  return lines.filter((line) => line.endsWith('}')).map((line) => JSON.parse(line) as Noted)
}
