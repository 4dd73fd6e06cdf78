/** What was read of a body. */
export interface Read {
  readonly bytes: Uint8Array
  /** False: it was longer, and `bytes` is its beginning. */
  readonly whole: boolean
}

/** Reads a body, at most `bytesMax` of it; the rest is given up unread. */
export async function readBytes(
  body: ReadableStream<Uint8Array> | null,
  bytesMax: number,
): Promise<Read> {
  if (body === null) return { bytes: new Uint8Array(0), whole: true }
  const reader = body.getReader()
  const chunks: Uint8Array[] = []
  let length = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return { bytes: Buffer.concat(chunks, length), whole: true }
    chunks.push(value)
    length += value.length
    if (length <= bytesMax) continue
    // Not awaited: the other side may never take notice.
    reader.cancel().catch(() => {})
    return { bytes: Buffer.concat(chunks, bytesMax), whole: false }
  }
}
