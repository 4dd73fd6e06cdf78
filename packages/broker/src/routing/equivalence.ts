import { RoutingError } from './errors.ts'
import type { Exchange } from './exchange.ts'
import type { Arguments, Field } from './fields.ts'
import { sameValue, typeName } from './fields.ts'
import { argumentsKnown, queueTypeOf } from './queue-arguments.ts'

/** What of a queue's declaration a second declaration must repeat. */
export interface QueueDeclared {
  readonly name: string
  readonly durable: boolean
  readonly autoDelete: boolean
  readonly arguments: Arguments
}

/**
 * A queue may be declared again only as it is. Of its arguments those count that its type knows.
 * Who owns an exclusive queue is the door's matter, and comes first.
 * @throws RoutingError `inequivalent`
 */
export function sameQueue(vhost: string, current: QueueDeclared, received: QueueDeclared): void {
  const named = `queue '${current.name}' in vhost '${vhost}'`
  sameProperty(named, 'durable', current.durable, received.durable)
  sameProperty(named, 'auto_delete', current.autoDelete, received.autoDelete)
  for (const name of argumentsKnown(queueTypeOf(current.arguments))) {
    sameArgument(named, name, current.arguments.get(name), received.arguments.get(name))
  }
}

/**
 * As `sameQueue`; of the arguments of an exchange the alternate exchange counts, and the type of a
 * delayed one.
 * @throws RoutingError `inequivalent`
 */
export function sameExchange(vhost: string, current: Exchange, received: Exchange): void {
  const named = `exchange '${current.name}' in vhost '${vhost}'`
  sameProperty(named, 'type', current.type, received.type)
  sameProperty(named, 'durable', current.durable, received.durable)
  sameProperty(named, 'auto_delete', current.autoDelete, received.autoDelete)
  sameProperty(named, 'internal', current.internal, received.internal)
  for (const name of ['alternate-exchange', 'x-delayed-type']) {
    sameArgument(named, name, current.arguments.get(name), received.arguments.get(name))
  }
}

function sameProperty<T>(named: string, property: string, current: T, received: T): void {
  if (current !== received) throw inequivalent(named, property, `'${received}'`, `'${current}'`)
}

function sameArgument(
  named: string,
  name: string,
  current: Field | undefined,
  received: Field | undefined,
): void {
  if (current === undefined || received === undefined) {
    if (current === received || (name === 'x-queue-type' && isClassic(current ?? received))) return
    throw inequivalent(named, name, withType(received), withType(current))
  }
  // Whole numbers of all types equal each other, and never one with a decimal point.
  const same = isFloat(current) === isFloat(received) && sameValue(current.value, received.value)
  if (!same) throw inequivalent(named, name, `'${shown(received)}'`, `'${shown(current)}'`)
}

function inequivalent(named: string, name: string, received: string, current: string) {
  const text = `inequivalent arg '${name}' for ${named}`
  return new RoutingError('inequivalent', `${text}: received ${received} but current is ${current}`)
}

function withType(field: Field | undefined): string {
  return field === undefined ? 'none' : `the value '${shown(field)}' of type '${typeName(field)}'`
}

function shown(field: Field): string {
  const text = String(field.value)
  return isFloat(field) && Number.isInteger(field.value) ? `${text}.0` : text
}

function isFloat(field: Field): boolean {
  return field.type === 'f' || field.type === 'd'
}

function isClassic(field: Field | undefined): boolean {
  return field?.value === 'classic'
}
