import { ByteWriter } from '../bytes/writer.ts'
import { readArgument, writeArgument } from './arguments.ts'
import { Cursor, getU16, getU32 } from './cursor.ts'
import type { RawTable } from './field.ts'
import { FRAME_METHOD, frameEnd, frameStart } from './frame.ts'
import {
  type Arguments,
  type ArgumentType,
  CLASS_IDS,
  CLASSES,
  CONTENT_METHODS,
} from './method-table.ts'
import { WireError } from './wire-error.ts'

interface Values {
  octet: number
  short: number
  long: number
  longlong: number
  bit: boolean
  shortstr: string
  longstr: Uint8Array
  longtext: string
  table: RawTable
}

type Classes = typeof CLASSES
type ClassName = keyof Classes

/** Names as in the specification, lower case: `queue.declare-ok`. */
export type MethodName = {
  [C in ClassName]: `${C}.${keyof Classes[C] & string}`
}[ClassName]

type ArgumentsOf<N extends MethodName> = N extends `${infer C extends ClassName}.${infer M}`
  ? M extends keyof Classes[C]
    ? Classes[C][M] extends readonly [number, infer A]
      ? A
      : never
    : never
  : never

type Shown<A> = {
  readonly [K in keyof A as A[K] extends keyof Values ? K : never]: A[K] extends keyof Values
    ? Values[A[K]]
    : never
}

/** One method: its name and its arguments in camel case. Reserved arguments do not show. */
export type MethodOf<N extends MethodName> = { readonly name: N } & Shown<ArgumentsOf<N>>

/** A method that a content follows: a header frame and the body. */
export type ContentMethod = {
  [N in (typeof CONTENT_METHODS)[number]]: MethodOf<N>
}[(typeof CONTENT_METHODS)[number]]

/** Any method, told apart by `name`. */
export type Method = { [N in MethodName]: MethodOf<N> }[MethodName]

interface Plan {
  readonly name: MethodName
  readonly classId: number
  readonly methodId: number
  readonly steps: readonly { key: string; type: ArgumentType }[]
}

const byId = new Map<number, Plan>()
const byName = new Map<string, Plan>()
for (const [className, methods] of Object.entries(CLASSES)) {
  const classId = CLASS_IDS[className as ClassName]
  const rows = Object.entries(methods as Readonly<Record<string, readonly [number, Arguments]>>)
  for (const [name, [methodId, args]] of rows) {
    const steps = Object.entries(args).map(([key, type]) => ({ key, type }))
    const plan = { name: `${className}.${name}` as MethodName, classId, methodId, steps }
    byId.set(classId * 0x10000 + methodId, plan)
    byName.set(plan.name, plan)
  }
}

const withContent: ReadonlySet<string> = new Set(CONTENT_METHODS)

/** Whether a content follows the method. */
export function hasContent(method: Method): method is ContentMethod {
  return withContent.has(method.name)
}

/** Class id · 65,536 + method id, as the first four bytes of a method's payload are. */
export function methodIdOf(name: MethodName): number {
  const { classId, methodId } = byName.get(name)!
  return classId * 0x10000 + methodId
}

/** The number that `methodIdOf` gives, of a method frame's payload of at least four bytes. */
export function methodIdAt(payload: Uint8Array, start = 0): number {
  return getU32(payload, start)
}

/**
 * The method in the payload of a method frame, `start` to `end`. Its tables and long strings are
 * copies.
 *
 * @throws {WireError} 501 too short, too long or not UTF-8; 540 no such class or method.
 */
export function decodeMethod(payload: Uint8Array, start = 0, end = payload.length): Method {
  if (end - start < 4) throw new WireError(501, 'cannot read a method: it has no class and method')
  const classId = getU16(payload, start)
  const methodId = getU16(payload, start + 2)
  const plan = byId.get(classId * 0x10000 + methodId)
  if (plan === undefined) {
    const text = `cannot read method ${methodId} of class ${classId}: there is none`
    throw new WireError(540, text, classId, methodId)
  }
  const cursor = new Cursor(payload, start + 4, end, plan.name, classId, methodId)
  const method: Record<string, unknown> = { name: plan.name }
  readSteps(cursor, plan.steps, method)
  const rest = end - cursor.at
  if (rest > 0) throw cursor.fail(501, `${rest} bytes follow its last argument`)
  return method as unknown as Method
}

/** Bits that follow each other share a byte, the first one lowest. */
function readSteps(cursor: Cursor, steps: Plan['steps'], into: Record<string, unknown>): void {
  let bits = 0
  let mask = 0
  for (const { key, type } of steps) {
    if (!isBit(type)) {
      mask = 0
      const value = readArgument(cursor, type)
      if (value !== undefined) into[key] = value
      continue
    }
    mask = (mask << 1) & 0xff
    if (mask === 0) [bits, mask] = [cursor.u8(), 1]
    if (type === 'bit') into[key] = (bits & mask) !== 0
  }
}

/** The whole frame of a method. */
export function encodeMethod(channel: number, method: Method): Uint8Array {
  const into = new ByteWriter()
  writeMethod(into, channel, method)
  return into.written()
}

/**
 * Writes the whole frame of a method.
 *
 * @throws {RangeError} an argument does not fit its type; nothing is written.
 */
export function writeMethod(into: ByteWriter, channel: number, method: Method): void {
  const plan = byName.get(method.name)!
  const start = frameStart(into, FRAME_METHOD, channel)
  try {
    into.u16(plan.classId)
    into.u16(plan.methodId)
    writeSteps(into, plan, method as unknown as Readonly<Record<string, unknown>>)
  } catch (error) {
    into.at = start
    throw error
  }
  frameEnd(into, start)
}

function writeSteps(
  into: ByteWriter,
  { name, steps }: Plan,
  values: Readonly<Record<string, unknown>>,
): void {
  let mask = 0
  for (const { key, type } of steps) {
    if (!isBit(type)) {
      mask = 0
      writeArgument(into, type, values[key], `${key} of ${name}`)
      continue
    }
    mask = (mask << 1) & 0xff
    if (mask === 0) {
      mask = 1
      into.u8(0)
    }
    if (values[key] === true) into.bytes[into.at - 1]! |= mask
  }
}

function isBit(type: ArgumentType): boolean {
  return type === 'bit' || type === 'reserved-bit'
}
