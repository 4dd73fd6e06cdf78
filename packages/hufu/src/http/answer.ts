import { fail, later } from '../outcome.ts'
import type { Read } from './read-bytes.ts'

/** What a participant answered. */
export interface Answer extends Read {
  readonly status: number
  readonly headers: AnswerHeaders
}

/** Asked by names in lower case; null: there is none. */
export interface AnswerHeaders {
  get(name: string): string | null
}

/** Characters of an answer that stand in an error. */
const EXCERPT_CHARS = 500
/** Code of a refusal that gives none. */
const REFUSED = 'REFUSED'
const CODE_CHARS_MAX = 128
const RETRY_MS = 1_000
const RETRY_MS_MAX = 86_400_000

const decoder = new TextDecoder()

/**
 * The result that an answer carries; throws `fail`, `later` or an error by its status. `dtm`: also
 * by the words in its text, as dtm does.
 */
export function resultOf(answer: Answer, what: string, dtm: boolean): unknown {
  const { status, headers, whole } = answer
  const text = decoder.decode(answer.bytes)
  if (status === 425 || (dtm && text.includes('ONGOING'))) throw later(retryMs(headers))
  if (status === 409 || (dtm && text.includes('FAILURE'))) throw refusal(text)
  if (status < 200 || status > 299) throw new Error(`${what}: ${status} ${excerpt(text)}`)
  if (!whole) {
    throw new Error(`${what}: it answered ${status}, and more than ${answer.bytes.length} bytes`)
  }
  return text === '' ? undefined : value(text, headers, what)
}

/** Milliseconds until a participant is to be asked again, from 1 to a day; else a second. */
function retryMs(headers: AnswerHeaders): number {
  const exact = headers.get('hufu-retry-ms')
  const seconds = headers.get('retry-after')
  const ms = exact !== null ? Number(exact) : Number(seconds ?? Number.NaN) * 1_000
  return ms >= 1 ? Math.min(ms, RETRY_MS_MAX) : RETRY_MS
}

function refusal(text: string): Error {
  const { code, detail, data } = objectIn(text)
  const known = typeof code === 'string' && code !== '' && code.length <= CODE_CHARS_MAX
  const words = typeof detail === 'string' ? detail : excerpt(text)
  return fail(known ? code : REFUSED, words || REFUSED, data)
}

function objectIn(text: string): Record<string, unknown> {
  try {
    const found: unknown = JSON.parse(text)
    return typeof found === 'object' && found !== null ? { ...found } : {}
  } catch {
    return {}
  }
}

/** JSON, or the text where it does not claim to be JSON: many answer `ok`. */
function value(text: string, headers: AnswerHeaders, what: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    if (!headers.get('content-type')?.includes('json')) return text
    throw new Error(`${what}: its result is no JSON: ${excerpt(text)}`)
  }
}

function excerpt(text: string): string {
  return text.slice(0, EXCERPT_CHARS)
}
