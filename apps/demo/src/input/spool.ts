import { existsSync } from 'node:fs'
import { open, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Line } from './line-splitter.ts'
import { LineSplitter } from './line-splitter.ts'

/** The input as it was given, lines that are too long cut: so that a restarted worker reads on. */
const SPOOL = 'orders.jsonl'

/** Exists once the spool holds all of the input. */
const COMPLETE = 'orders.complete'

const READ_BYTES = 65_536
const POLL_MS = 20

const LF = Buffer.from('\n')

/** How much of the input is spooled. */
export interface Spooled {
  lines: number
  complete: boolean
}

/** Writes `source` into the folder as it comes, and notes in `spooled` how far it is. */
export async function spool(
  source: AsyncIterable<Buffer> | Iterable<Buffer>,
  dir: string,
  spooled: Spooled,
  signal?: AbortSignal,
): Promise<void> {
  const splitter = new LineSplitter()
  const file = await open(join(dir, SPOOL), 'wx')
  const write = async (found: Iterable<Line>) => {
    const lines = [...found]
    if (lines.length > 0) await file.writeFile(Buffer.concat(lines.flatMap((l) => [l.bytes, LF])))
    spooled.lines += lines.length
  }
  try {
    for await (const chunk of source) {
      signal?.throwIfAborted()
      await write(splitter.push(chunk))
    }
    await write(splitter.end())
  } finally {
    await file.close()
  }
  await writeFile(join(dir, COMPLETE), '')
  spooled.complete = true
}

const START = { number: 0, end: 0 }

/** The spooled lines from the first one, as many as are there. */
export function storedLines(dir: string): AsyncGenerator<Line> {
  return linesOf(dir, START, () => true)
}

/**
 * The spooled lines after `after`, waiting for more until the spool is complete. `waiting` is told
 * when nothing is there to be read.
 */
export function comingLines(
  dir: string,
  after: { readonly number: number; readonly end: number },
  waiting: (waits: boolean) => void = () => {},
): AsyncGenerator<Line> {
  return linesOf(dir, after, () => existsSync(join(dir, COMPLETE)), waiting)
}

async function* linesOf(
  dir: string,
  after: { readonly number: number; readonly end: number },
  isComplete: () => boolean,
  waiting: (waits: boolean) => void = () => {},
): AsyncGenerator<Line> {
  const splitter = new LineSplitter(after)
  const file = await open(join(dir, SPOOL), 'r')
  const buffer = Buffer.alloc(READ_BYTES)
  try {
    for (let position = after.end; ; ) {
      const complete = isComplete()
      const { bytesRead } = await file.read(buffer, 0, READ_BYTES, position)
      position += bytesRead
      waiting(bytesRead === 0)
      if (bytesRead > 0) yield* splitter.push(buffer.subarray(0, bytesRead))
      else if (complete) return
      else await sleep(POLL_MS)
    }
  } finally {
    await file.close()
  }
}
