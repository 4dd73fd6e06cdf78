import type { IncomingMessage } from 'node:http'
import type { Read } from './read-bytes.ts'

/**
 * Reads a body, at most `bytesMax` of it; of a longer one the rest is left unread. Either function
 * may be called again when it does not matter any more.
 */
export function readChunks(
  from: IncomingMessage,
  bytesMax: number,
  onError: (error: Error) => void,
  onRead: (read: Read) => void,
): void {
  const chunks: Buffer[] = []
  let length = 0
  from.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    length += chunk.length
    if (length > bytesMax) onRead({ bytes: Buffer.concat(chunks, bytesMax), whole: false })
  })
  from.on('end', () => onRead({ bytes: oneOf(chunks), whole: true }))
  from.on('error', onError)
  from.on('close', () => {
    // Errors are dear, and every answer is closed.
    if (!from.readableEnded) onError(new Error('the answer was cut'))
  })
}

function oneOf(chunks: readonly Buffer[]): Buffer {
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
}
