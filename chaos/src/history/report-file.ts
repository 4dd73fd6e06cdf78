import { openSync, readFileSync, writeSync } from 'node:fs'
import type { HistoryEvent } from './event.ts'

/**
 * Events as lines of a file outside of the broker's folder. What was written stands in the page
 * cache, which a kill of the process does not touch.
 */
export class ReportFile {
  readonly #handle: number
  #lines = ''

  constructor(path: string) {
    this.#handle = openSync(path, 'wx')
  }

  /** Keeps the event; it stands in the file after the next `flush`. */
  add(event: HistoryEvent): void {
    this.#lines += `${JSON.stringify(event)}\n`
  }

  /** To be called before what the events announce can have any effect. */
  flush(): void {
    if (this.#lines === '') return
    const bytes = Buffer.from(this.#lines)
    this.#lines = ''
    for (let at = 0; at < bytes.length; ) at += writeSync(this.#handle, bytes, at)
  }
}

/** The events of one life; a last line that was cut off by a kill is left out. */
export function readReport(path: string): HistoryEvent[] {
  const text = readText(path)
  const whole = text.slice(0, text.lastIndexOf('\n') + 1)
  const lines = whole.split('\n').filter((line) => line !== '')
  return lines.map((line) => JSON.parse(line) as HistoryEvent)
}

/** Empty for a process that was killed before it opened its report. */
function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw error
  }
}
