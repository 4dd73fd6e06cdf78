import { createHash } from 'node:crypto'

/** `TOKEN:` and filling that follows from the token, so that any process can check it. */
export function bodyFor(token: string, bytes: number): Buffer {
  const head = `${token}:`
  const body = Buffer.alloc(
    Math.max(bytes, head.length),
    createHash('sha512').update(token).digest(),
  )
  body.write(head)
  return body
}

export function tokenOf(body: Uint8Array): string {
  const text = Buffer.from(body.subarray(0, 64)).toString('latin1')
  const end = text.indexOf(':')
  return end < 0 ? `unreadable body of ${body.length} bytes` : text.slice(0, end)
}

/** Not a CRC: the broker's own checksums are. */
export function digestOf(body: Uint8Array): string {
  return createHash('sha1').update(body).digest('hex').slice(0, 16)
}
