/**
 * One value of a table with its type: a letter of the AMQP 0-9-1 table format as RabbitMQ reads it
 * (`S` long string, `t` boolean, `b B s u I i l L` integers, `f d` floating point, `D` decimal,
 * `T` time, `F` table, `A` array, `x` bytes, `V` nothing). Integers may be numbers or bigints.
 */
export interface Field {
  readonly type: string
  readonly value: unknown
}

/** A decoded table: arguments of a declaration, or the headers of a message. */
export type Arguments = ReadonlyMap<string, Field>

export const NO_ARGUMENTS: Arguments = new Map()

const INTEGERS = 'bBsuIilL'

export function isInteger(field: Field): boolean {
  return INTEGERS.includes(field.type)
}

const NAMES: Readonly<Record<string, string>> = {
  ...{ S: 'longstr', t: 'bool', b: 'byte', B: 'unsignedbyte', s: 'short', u: 'unsignedshort' },
  ...{ I: 'signedint', i: 'unsignedint', l: 'long', L: 'long', f: 'float', d: 'double' },
  ...{ D: 'decimal', T: 'timestamp', F: 'table', A: 'array', x: 'binary', V: 'void' },
}

/** RabbitMQ's name of a type, as its error texts have it. */
export function typeName(field: Field): string {
  return NAMES[field.type] ?? field.type
}

/** The string under `name`; undefined where there is none, or something else. */
export function stringUnder(table: Arguments, name: string): string | undefined {
  const field = table.get(name)
  return field?.type === 'S' && typeof field.value === 'string' ? field.value : undefined
}

/** Equal as values: the types of numbers do not matter, 1 equals 1.0. */
export function sameValue(a: unknown, b: unknown): boolean {
  return a === b || textOf(a) === textOf(b)
}

/** A text that two values share exactly when they are the same. */
function textOf(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (value instanceof Uint8Array) return `x${Buffer.from(value).toString('hex')}`
  if (Array.isArray(value)) return `[${value.map(textOf).join()}]`
  if (value instanceof Map) return textOf([...value])
  if (typeof value !== 'object' || value === null) return String(value)
  return `{${Object.entries(value)
    .map(([name, each]) => `${JSON.stringify(name)}:${textOf(each)}`)
    .join()}}`
}

/** A text that two tables share exactly when they hold the same; the order does not matter. */
export function tableText(table: Arguments): string {
  return [...table]
    .map(([name, { type, value }]) => `${JSON.stringify(name)}:${type}${textOf(value)}`)
    .sort()
    .join()
}
