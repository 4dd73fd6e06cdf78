import { getU16, getU64 } from './cursor.ts'
import { PropertiesView } from './properties.ts'
import { WireError } from './wire-error.ts'

/*
 * The payload of a header frame (AMQP 0-9-1 §4.2.6.1):
 * | class 2 | weight 2, always 0 | body bytes 8 | property flags 2 | property values |
 */
export const CLASS_BASIC = 60
export const BEFORE_PROPERTIES_BYTES = 12

/** A content header, looked at in place: made once and moved from message to message. */
export class HeaderView {
  /** Bytes of the body; above 2⁵³ near to what was said. */
  bodySize = 0
  /** Where the properties (flags and values) start and end in the bytes that were read. */
  propertiesStart = 0
  propertiesEnd = 0
  readonly properties = new PropertiesView()

  /**
   * Moves the view to a header frame's payload; its properties are checked, headers included.
   *
   * @throws {WireError} 501 or 502 malformed; 505 it is of another class than `basic`.
   */
  read(payload: Uint8Array, start = 0, end = payload.length): this {
    const classId = readClass(payload, start, end)
    if (classId !== CLASS_BASIC) {
      const text = `cannot read a content header: class ${classId} has no content`
      throw new WireError(505, text, classId)
    }
    this.bodySize = getU64(payload, start + 4)
    this.propertiesStart = start + BEFORE_PROPERTIES_BYTES
    this.propertiesEnd = end
    this.properties.read(payload, this.propertiesStart, end)
    return this
  }
}

/** A content header of any class, without a look at its properties. */
export interface ContentHeader {
  readonly classId: number
  readonly bodySize: number
  /** Flags and values: a view of the payload. */
  readonly properties: Uint8Array
}

/** @throws {WireError} 501 too short; 505 a weight is set. */
export function decodeHeader(payload: Uint8Array): ContentHeader {
  const { classId, bodySize, propertiesStart } = new ContentHeadView().read(payload)
  return { classId, bodySize, properties: payload.subarray(propertiesStart) }
}

/** As `decodeHeader`, without an object for each: made once and moved from message to message. */
export class ContentHeadView {
  classId = 0
  bodySize = 0
  /** The properties (flags and values) go from here to the end of the payload. */
  propertiesStart = 0

  /** @throws {WireError} 501 too short; 505 a weight is set. */
  read(payload: Uint8Array, start = 0, end = payload.length): this {
    this.classId = readClass(payload, start, end)
    this.bodySize = getU64(payload, start + 4)
    this.propertiesStart = start + BEFORE_PROPERTIES_BYTES
    return this
  }
}

function readClass(payload: Uint8Array, start: number, end: number): number {
  if (end - start < BEFORE_PROPERTIES_BYTES + 2) {
    throw new WireError(501, `cannot read a content header: it has ${end - start} bytes`)
  }
  const classId = getU16(payload, start)
  if (getU16(payload, start + 2) === 0) return classId
  throw new WireError(505, 'cannot read a content header: its weight is not 0', classId)
}
