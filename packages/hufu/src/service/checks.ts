import { HufuError } from '../errors.ts'
import { CONTROL, type Limits } from '../limits.ts'

/** Headers of the library itself begin with this. */
export const OWN_HEADERS = 'hufu-'

/** A text of 1 to `max` characters, none of them a control character. */
export function checkWord(value: unknown, name: string, max: number, what: string): string {
  if (typeof value !== 'string' || value === '') {
    throw new HufuError('ARGUMENT', `${what}: ${name} must be a text that is not empty`)
  }
  // Databases would store the first as something else, and refuse some of the second.
  if (!value.isWellFormed() || CONTROL.test(value)) {
    throw new HufuError('ARGUMENT', `${what}: ${name} holds half a character or a control one`)
  }
  if (value.length <= max) return value
  throw new HufuError('LIMIT', `${what}: ${name} has ${value.length} characters, limit ${max}`)
}

/** A copy of the headers that a user gave: texts, not too many, none of the library's own. */
export function checkHeaders(
  headers: Readonly<Record<string, string>>,
  limits: Limits,
  what: string,
): Readonly<Record<string, string>> {
  const entries = Object.entries(headers)
  let bytes = 0
  for (const [name, value] of entries) {
    if (typeof value !== 'string' || name.toLowerCase().startsWith(OWN_HEADERS)) {
      throw new HufuError('ARGUMENT', `${what}: header ${name} is no text or begins with hufu-`)
    }
    bytes += Buffer.byteLength(name) + Buffer.byteLength(value)
  }
  if (entries.length <= limits.headersMax && bytes <= limits.headerBytesMax) return { ...headers }
  const limit = `limit ${limits.headersMax} and ${limits.headerBytesMax} bytes`
  throw new HufuError('LIMIT', `${what}: ${entries.length} headers of ${bytes} bytes, ${limit}`)
}
