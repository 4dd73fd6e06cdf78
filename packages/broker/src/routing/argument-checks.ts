import type { Arguments, Field } from './fields.ts'
import { isInteger, typeName } from './fields.ts'

/** Why an argument is wrong, as RabbitMQ writes it; undefined = it is right. */
type Check = (field: Field, table: Arguments) => string | undefined

/** Ten years, as in RabbitMQ. */
const DURATION_MS_MAX = 315_360_000_000

const CHECKS: Readonly<Record<string, Check>> = {
  'x-queue-type': queueType,
  'x-expires': (field) => positive(field) ?? duration(field),
  'x-message-ttl': duration,
  'x-max-length': notNegative,
  'x-max-length-bytes': notNegative,
  'x-max-in-memory-length': notNegative,
  'x-max-in-memory-bytes': notNegative,
  'x-max-priority': (field) => notNegative(field) ?? atMost(255, field),
  'x-overflow': oneOf(
    () => 'invalid_overflow',
    ['drop-head', 'reject-publish', 'reject-publish-dlx'],
  ),
  'x-dead-letter-routing-key': deadLetterKey,
  'x-dead-letter-strategy': oneOf(() => 'invalid_dlx_strategy', ['at-most-once', 'at-least-once']),
  'x-single-active-consumer': flag,
  'x-delivery-limit': integer,
  'x-consumer-timeout': notNegative,
  'x-queue-mode': oneOf((mode) => `"unsupported queue mode '${mode}'"`, ['default', 'lazy']),
  'x-queue-version': queueVersion,
  'x-priority': integer,
  'x-quorum-initial-group-size': positive,
  'x-quorum-target-group-size': positive,
}

/** Why the argument `name` of a queue or consumer is wrong; undefined: it is right or missing. */
export function wrongArgument(name: string, table: Arguments): string | undefined {
  const field = table.get(name)
  return field === undefined ? undefined : CHECKS[name]?.(field, table)
}

/** For an argument that names an exchange, RabbitMQ has other words. */
export function wrongTypeOfName(name: string, table: Arguments): string | undefined {
  const field = table.get(name)
  if (field === undefined || text(field) === undefined) return undefined
  return `invalid type '${typeName(field)}' for arg '${name}'`
}

function queueType(field: Field): string | undefined {
  if (field.type !== 'S') return unacceptable(field)
  if (field.value === 'classic' || field.value === 'quorum') return undefined
  return `"unsupported queue type '${String(field.value)}'"`
}

function integer(field: Field): string | undefined {
  if (!isInteger(field)) return `"expected integer, got ${typeName(field)}"`
  return Number.isSafeInteger(Number(field.value)) ? undefined : `{value_too_large,${field.value}}`
}

function notNegative(field: Field): string | undefined {
  const wrong = integer(field)
  if (wrong !== undefined) return wrong
  return Number(field.value) < 0 ? `{value_negative,${field.value}}` : undefined
}

function positive(field: Field): string | undefined {
  const wrong = notNegative(field)
  if (wrong !== undefined) return wrong
  return Number(field.value) === 0 ? `{value_zero,${field.value}}` : undefined
}

function duration(field: Field): string | undefined {
  const wrong = notNegative(field)
  if (wrong !== undefined) return wrong
  return Number(field.value) > DURATION_MS_MAX ? `{value_too_large,${field.value}}` : undefined
}

function queueVersion(field: Field): string | undefined {
  if (integer(field) === undefined && [1, 2].includes(Number(field.value))) return undefined
  return `"unsupported queue version '${String(field.value)}'"`
}

function atMost(max: number, field: Field): string | undefined {
  return Number(field.value) > max ? `{max_value_exceeded,${field.value}}` : undefined
}

function flag(field: Field): string | undefined {
  return field.type === 't' ? undefined : unacceptable(field)
}

/** Bytes that are no text are no name either. */
function text(field: Field): string | undefined {
  return field.type === 'S' && typeof field.value === 'string' ? undefined : unacceptable(field)
}

function deadLetterKey(field: Field, table: Arguments): string | undefined {
  const wrong = text(field)
  if (wrong !== undefined || table.has('x-dead-letter-exchange')) return wrong
  return 'routing_key_but_no_dlx_defined'
}

function oneOf(wrong: (value: string) => string, values: readonly unknown[]): Check {
  return (field) => {
    if (field.type !== 'S') return unacceptable(field)
    return values.includes(field.value) ? undefined : wrong(String(field.value))
  }
}

function unacceptable(field: Field): string {
  return `{unacceptable_type,${typeName(field)}}`
}
