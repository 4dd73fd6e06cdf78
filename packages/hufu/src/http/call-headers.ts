import type { ParticipantRequest } from '../ports/participant.ts'

/** Headers of one connection, or of one body: those of the transaction are not for this one. */
const NOT_PASSED_ON: ReadonlySet<string> = new Set([
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'expect',
  'host',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** Headers of a call: those of the transaction, over them `own`, over them the library's. */
export function headersOf(
  request: ParticipantRequest,
  own: Readonly<Record<string, string>>,
): Record<string, string> {
  const { id, gid = id, branch, op, attempt, refusalLasts } = request
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(request.headers)) {
    const known = name.toLowerCase()
    if (!NOT_PASSED_ON.has(known)) headers[known] = value
  }
  for (const [name, value] of Object.entries(own)) headers[name.toLowerCase()] = value
  headers.accept = 'application/json'
  // Encoded: an id may hold a slash, and letters that no header can carry.
  const key = `${encodeURIComponent(gid)}/${encodeURIComponent(branch)}/${op}`
  headers['idempotency-key'] = key
  headers['hufu-attempt'] = String(attempt)
  if (gid !== id) headers['hufu-transaction'] = encodeURIComponent(id)
  if (refusalLasts) headers['hufu-refusal'] = 'lasts'
  return headers
}
