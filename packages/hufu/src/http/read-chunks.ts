import type { Readable } from 'node:stream'
import type { Read } from './read-bytes.ts'

/** Reads a body, at most `bytesMax` of it; of a longer one the rest is given up unread. */
export function readChunks(from: Readable, bytesMax: number): Promise<Read> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let length = 0
    from.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      length += chunk.length
      if (length <= bytesMax) return
      resolve({ bytes: Buffer.concat(chunks, bytesMax), whole: false })
      from.destroy()
    })
    from.on('end', () => resolve({ bytes: oneOf(chunks), whole: true }))
    from.on('error', reject)
    from.on('close', () => {
      // Errors are dear, and every answer is closed.
      if (!from.readableEnded) reject(new Error('the answer was cut'))
    })
  })
}

function oneOf(chunks: readonly Buffer[]): Buffer {
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
}
