import { HufuError, messageOf } from '../errors.ts'
import { decode } from '../json.ts'
import type { Limits } from '../limits.ts'
import { check } from '../schema.ts'
import type { Definition } from '../service/definition.ts'
import { Unworkable } from './parker.ts'

/** The payload as the schema gives it; `Unworkable` when no repeat could mend it. */
export async function readPayload<Tx>(
  definition: Definition<Tx>,
  body: Uint8Array,
): Promise<unknown> {
  let value: unknown
  try {
    value = decode(body)
  } catch (error) {
    throw new Unworkable('PAYLOAD_INVALID', `the body is no JSON: ${messageOf(error)}`)
  }
  const found = check(definition.schema, value)
  const checked = found instanceof Promise ? await found : found
  if ('issues' in checked) throw new Unworkable('PAYLOAD_INVALID', checked.issues)
  return checked.value
}

/** What a handler returned, as JSON: `{"result": …}`. */
export async function resultText<Tx>(
  definition: Definition<Tx>,
  group: string,
  result: unknown,
  limits: Limits,
): Promise<string> {
  const what = `Keeping the result of ${definition.name}/${group}`
  const schema = definition.receiptSchemas[group]
  if (schema) {
    const checked = await check(schema, result)
    if ('issues' in checked) throw new HufuError('PAYLOAD_INVALID', `${what}: ${checked.issues}`)
  }
  return jsonWithin({ result }, limits, what)
}

/** JSON of at most the limit of a payload. */
export function jsonWithin(value: object, limits: Limits, what: string): string {
  const text = jsonOf(value, what)
  const bytes = text.length * 3 <= limits.payloadBytesMax ? 0 : Buffer.byteLength(text)
  if (bytes <= limits.payloadBytesMax) return text
  const limit = `limit ${limits.payloadBytesMax}`
  throw new HufuError('LIMIT', `${what}: ${bytes} bytes of JSON, ${limit}`)
}

function jsonOf(value: object, what: string): string {
  try {
    return JSON.stringify(value)
  } catch (error) {
    throw new HufuError('PAYLOAD_NOT_JSON', `${what}: ${messageOf(error)}`, error)
  }
}
