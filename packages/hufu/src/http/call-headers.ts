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
): Headers {
  const { id, branch, op, attempt, refusalLasts } = request
  const headers = new Headers()
  for (const [name, value] of Object.entries(request.headers)) {
    if (!NOT_PASSED_ON.has(name.toLowerCase())) headers.set(name, value)
  }
  for (const [name, value] of Object.entries(own)) headers.set(name, value)
  headers.set('accept', 'application/json')
  // Encoded: an id may hold a slash, and letters that no header can carry.
  headers.set('idempotency-key', [id, branch, op].map(encodeURIComponent).join('/'))
  headers.set('hufu-attempt', String(attempt))
  if (refusalLasts) headers.set('hufu-refusal', 'lasts')
  return headers
}
