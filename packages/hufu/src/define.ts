import type { Duration } from './duration.ts'
import { durationMs } from './duration.ts'
import { HufuError } from './errors.ts'
import type { EventOptions } from './event.ts'
import type { Limits } from './limits.ts'
import { nameOf } from './outbox/publish.ts'
import type { StandardSchema } from './schema.ts'
import { OWN_HEADERS } from './service/checks.ts'
import type { Definition } from './service/definition.ts'

const RECEIPT_TIMEOUT: Duration = '10m'

/** Checks what `hufu.event` was given. */
export function define<Tx>(
  name: string,
  schema: StandardSchema,
  options: EventOptions<string, Record<string, StandardSchema | undefined>>,
  limits: Limits,
): Definition<Tx> {
  const what = `Defining the event ${name}`
  nameOf(name, 'name', limits.nameCharsMax, what)
  if (name.startsWith('hufu.') || name.startsWith(OWN_HEADERS)) {
    throw new HufuError('ARGUMENT', `${what}: names beginning with hufu. are the library's own`)
  }
  if (typeof schema?.['~standard']?.validate !== 'function') {
    throw new HufuError('ARGUMENT', `${what}: the schema is no Standard Schema validator`)
  }
  return {
    name,
    schema,
    groups: groupsOf(options.groups, limits, what),
    receipts: options.receipts !== false,
    receiptSchemas: options.receipts || {},
    receiptTimeoutMs: durationMs(
      options.receiptTimeout ?? RECEIPT_TIMEOUT,
      `${what}, receiptTimeout`,
    ),
    receiptHandlers: new Map(),
    unhandled: new Set(),
  }
}

function groupsOf(groups: readonly string[], limits: Limits, what: string): readonly string[] {
  if (new Set(groups).size !== groups.length || groups.length === 0) {
    throw new HufuError('ARGUMENT', `${what}: groups must be one or more different names`)
  }
  if (groups.length > limits.groupsPerEventMax) {
    throw new HufuError(
      'LIMIT',
      `${what}: ${groups.length} groups, limit ${limits.groupsPerEventMax}`,
    )
  }
  for (const group of groups) nameOf(group, 'group', limits.nameCharsMax, what)
  return [...groups]
}
