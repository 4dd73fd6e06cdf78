import { isHufuError } from '../errors.ts'
import { encode } from '../json.ts'
import { LIMITS } from '../limits.ts'
import { Failure, Later } from '../outcome.ts'
import { BadCall } from './bad-call.ts'

/** 200 also without a result: dtm takes nothing else for success. */
export function succeeded(result: unknown): Response {
  return result === undefined ? new Response(null, { status: 200 }) : json(200, result)
}

/** What a call answers that did not succeed; undefined: nobody meant to throw that. */
export function refused(error: unknown): Response | undefined {
  if (error instanceof Failure) {
    const { code, message: detail, data } = error
    return json(409, { code, detail, ...(data !== undefined && { data }) })
  }
  if (error instanceof Later) {
    const { ms, message: detail } = error
    return json(425, { code: 'LATER', detail }, { ...retryIn(ms) })
  }
  if (!(error instanceof BadCall)) return undefined
  const { status, code, message: detail } = error
  return json(status, { code, detail }, status === 405 ? { allow: 'POST' } : {})
}

/** What failed is not told, it may be nobody's business; of the library's own errors, the code. */
export function failed(error: unknown): Response {
  const code = isHufuError(error) ? error.code : 'ERROR'
  return json(500, { code, detail: 'the participant failed; its own log says why' })
}

function retryIn(ms: number): Record<string, string> {
  return { 'retry-after': String(Math.ceil(ms / 1_000)), 'hufu-retry-ms': String(ms) }
}

function json(status: number, value: unknown, headers: Record<string, string> = {}): Response {
  const body = Buffer.from(encode(value, LIMITS.payloadBytesMax, 'Answering'))
  return new Response(body, { status, headers: { 'content-type': 'application/json', ...headers } })
}
