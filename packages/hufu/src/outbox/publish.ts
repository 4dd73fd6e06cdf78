import { durationMs } from '../duration.ts'
import { HufuError } from '../errors.ts'
import { encode } from '../json.ts'
import type { Limits } from '../limits.ts'
import type { NewOutboxRow, Published } from '../ports/store.ts'
import type { Checked } from '../schema.ts'
import { check } from '../schema.ts'
import { checkHeaders, checkWord } from '../service/checks.ts'
import type { Definition } from '../service/definition.ts'
import type { Runtime } from '../service/runtime.ts'
import type { PublishOptions } from './options.ts'

const NO_HEADERS = {}

/** Checks everything, then stores the message with one insert in the caller's transaction. */
export function publish<Tx, Foreign>(
  runtime: Runtime<Tx, Foreign>,
  definition: Definition<Tx>,
  tx: Tx | Foreign,
  payload: unknown,
  options: PublishOptions,
): Published | Promise<Published> {
  try {
    const row = checkedRow(runtime, definition, payload, options)
    return row instanceof Promise
      ? row.then((checked) => insert(runtime, tx, checked))
      : insert(runtime, tx, row)
  } catch (error) {
    return failLater(runtime, error)
  }
}

/** Late enough that a transaction which does not wait for it finds it unfinished. */
function failLater<Tx, Foreign>({ os }: Runtime<Tx, Foreign>, error: unknown): Promise<never> {
  return new Promise((_, reject) => os.clock.turn(() => reject(error)))
}

function insert<Tx, Foreign>(
  runtime: Runtime<Tx, Foreign>,
  tx: Tx | Foreign,
  row: NewOutboxRow,
): Published | Promise<Published> {
  if (runtime.waiting >= runtime.limits.outboxWaitingMax) {
    const text = `${runtime.waiting} messages wait to be sent`
    throw new HufuError('OUTBOX_FULL', `Publishing ${row.event} ${row.id}: ${text}`)
  }
  return runtime.store.outbox.insert(tx, row)
}

/** The message as a row, everything about it checked; at once where the schema can. */
export function checkedRow<Tx, Foreign>(
  { limits }: Runtime<Tx, Foreign>,
  definition: Definition<Tx>,
  payload: unknown,
  options: PublishOptions,
): NewOutboxRow | Promise<NewOutboxRow> {
  const checked = check(definition.schema, payload)
  return checked instanceof Promise
    ? checked.then((found) => rowOf(limits, definition, payload, options, found))
    : rowOf(limits, definition, payload, options, checked)
}

function rowOf<Tx>(
  limits: Limits,
  definition: Definition<Tx>,
  payload: unknown,
  options: PublishOptions,
  checked: Checked<unknown>,
): NewOutboxRow {
  const what = `Publishing ${definition.name} ${options.id}`
  if ('issues' in checked) throw new HufuError('PAYLOAD_INVALID', `${what}: ${checked.issues}`)
  return {
    event: definition.name,
    id: checkWord(options.id, 'id', limits.idCharsMax, what),
    key: options.key === undefined ? null : checkWord(options.key, 'key', limits.idCharsMax, what),
    groups: definition.groups,
    headers: headersOf(options.headers, limits, what),
    // What was given, not what the schema made of it: the consumer's schema reads it again.
    body: encode(payload, limits.payloadBytesMax, what),
    delayMs: delayOf(options, limits, what),
    receipts: definition.receipts,
  }
}

/** The name of an event, group or service. Transports join names with a slash. */
export function nameOf(value: unknown, name: string, max: number, what: string): string {
  const text = checkWord(value, name, max, what)
  if (!text.includes('/')) return text
  throw new HufuError('ARGUMENT', `${what}: ${name} "${text}" holds a slash`)
}

function headersOf(headers: PublishOptions['headers'], limits: Limits, what: string) {
  return headers === undefined ? NO_HEADERS : checkHeaders(headers, limits, what)
}

function delayOf(options: PublishOptions, limits: Limits, what: string): number {
  const delayMs = options.delay === undefined ? 0 : durationMs(options.delay, `${what}, delay`)
  if (delayMs <= limits.delayMsMax) return delayMs
  throw new HufuError('LIMIT', `${what}: a delay of ${delayMs} ms, limit ${limits.delayMsMax}`)
}
