import { lossyTextOf } from '../bytes/text.ts'
import { Cursor, getU32, getU64 } from './cursor.ts'
import { type RawTable, within } from './field.ts'
import { skipEntries } from './table-check.ts'

/*
 * Basic properties (AMQP 0-9-1 §4.2.6.1): | flags 2 | the values of the properties whose flag is
 * set |. The first property has the highest flag; the lowest two flags are not used.
 */
export const PROPERTIES = [
  ['contentType', 'shortstr'],
  ['contentEncoding', 'shortstr'],
  ['headers', 'table'],
  ['deliveryMode', 'octet'],
  ['priority', 'octet'],
  ['correlationId', 'shortstr'],
  ['replyTo', 'shortstr'],
  ['expiration', 'shortstr'],
  ['messageId', 'shortstr'],
  ['timestamp', 'timestamp'],
  ['type', 'shortstr'],
  ['userId', 'shortstr'],
  ['appId', 'shortstr'],
  ['clusterId', 'shortstr'],
] as const

type PropertyKind = (typeof PROPERTIES)[number][1]

const INDEX = Object.fromEntries(
  PROPERTIES.map(([key], index) => [key, index] as const),
) as Readonly<Record<keyof Properties, number>>

/** The flag of a property in `PropertiesView.flags`. */
export function flagOf(property: keyof Properties): number {
  return 0x8000 >> INDEX[property]
}

/** Basic properties; what is undefined is not there. */
export interface Properties {
  readonly contentType?: string | undefined
  readonly contentEncoding?: string | undefined
  readonly headers?: RawTable | undefined
  /** 2 is persistent. */
  readonly deliveryMode?: number | undefined
  readonly priority?: number | undefined
  readonly correlationId?: string | undefined
  readonly replyTo?: string | undefined
  /** Time to live: milliseconds in decimal digits. */
  readonly expiration?: string | undefined
  readonly messageId?: string | undefined
  /** Seconds since 1970; exact up to 2⁵³. */
  readonly timestamp?: number | undefined
  readonly type?: string | undefined
  readonly userId?: string | undefined
  readonly appId?: string | undefined
  readonly clusterId?: string | undefined
}

/**
 * Properties in wire form, looked at without decoding them: `read` checks all of them and notes
 * where each is, the getters decode one. Made once and moved from message to message. Text that is
 * not UTF-8 shows with U+FFFD; the bytes stay as they are.
 */
export class PropertiesView implements Properties {
  readonly #cursor = new Cursor(new Uint8Array(2), 0, 2, 'basic properties', 60)
  #flags = 0
  /** Where each value starts that is there; after its length if it has one. */
  readonly #starts = new Float64Array(PROPERTIES.length)

  /**
   * Moves the view to the properties from `start` to `end`.
   *
   * @throws {WireError} 501 wrong flags or lengths; 502 a header has no known type.
   */
  read(bytes: Uint8Array, start = 0, end = bytes.length): this {
    const cursor = this.#cursor.move(bytes, start, end)
    const flags = readFlags(cursor)
    this.#flags = flags
    for (let index = 0; ((flags << index) & 0xffff) !== 0; index++) {
      if (((flags << index) & 0x8000) === 0) continue
      const kind = PROPERTIES[index]![1]
      this.#starts[index] = cursor.at + LENGTH_BYTES[kind]
      skipProperty(cursor, kind)
    }
    if (cursor.at < end) throw cursor.fail(501, `${end - cursor.at} bytes follow the last one`)
    return this
  }

  /** Which properties are there, see `flagOf`. */
  get flags(): number {
    return this.#flags
  }
  get contentType(): string | undefined {
    return this.#text(INDEX.contentType)
  }
  get contentEncoding(): string | undefined {
    return this.#text(INDEX.contentEncoding)
  }
  /** A view: it is valid as long as the bytes are. */
  get headers(): RawTable | undefined {
    if (!this.#has(INDEX.headers)) return undefined
    const start = this.#starts[INDEX.headers]!
    return this.#cursor.bytes.subarray(start, start + getU32(this.#cursor.bytes, start - 4))
  }
  get deliveryMode(): number | undefined {
    return this.#octet(INDEX.deliveryMode)
  }
  get priority(): number | undefined {
    return this.#octet(INDEX.priority)
  }
  get correlationId(): string | undefined {
    return this.#text(INDEX.correlationId)
  }
  get replyTo(): string | undefined {
    return this.#text(INDEX.replyTo)
  }
  get expiration(): string | undefined {
    return this.#text(INDEX.expiration)
  }
  get messageId(): string | undefined {
    return this.#text(INDEX.messageId)
  }
  get timestamp(): number | undefined {
    const start = this.#starts[INDEX.timestamp]!
    return this.#has(INDEX.timestamp) ? getU64(this.#cursor.bytes, start) : undefined
  }
  get type(): string | undefined {
    return this.#text(INDEX.type)
  }
  get userId(): string | undefined {
    return this.#text(INDEX.userId)
  }
  get appId(): string | undefined {
    return this.#text(INDEX.appId)
  }
  get clusterId(): string | undefined {
    return this.#text(INDEX.clusterId)
  }

  #has(index: number): boolean {
    return (this.#flags & (0x8000 >> index)) !== 0
  }

  #octet(index: number): number | undefined {
    return this.#has(index) ? this.#cursor.bytes[this.#starts[index]!] : undefined
  }

  #text(index: number): string | undefined {
    if (!this.#has(index)) return undefined
    const start = this.#starts[index]!
    return lossyTextOf(this.#cursor.bytes, start, start + this.#cursor.bytes[start - 1]!)
  }
}

/**
 * The properties in wire form, checked now and decoded when they are asked for.
 *
 * @throws {WireError} as `PropertiesView.read`
 */
export function readProperties(raw: Uint8Array): Properties {
  return new PropertiesView().read(raw)
}

/** Bytes of the length before a value. */
const LENGTH_BYTES = { shortstr: 1, table: 4, octet: 0, timestamp: 0 } as const

/** The flags, of which the cursor must be in front. */
export function readFlags(cursor: Cursor): number {
  const flags = cursor.u16()
  if ((flags & 3) !== 0) throw cursor.fail(501, 'a flag is set that has no property')
  return flags
}

/** Passes over a value and checks it. */
export function skipProperty(cursor: Cursor, kind: PropertyKind): void {
  if (kind === 'shortstr') cursor.skip(cursor.u8())
  else if (kind === 'table') within(cursor, 0, skipEntries)
  else cursor.skip(kind === 'octet' ? 1 : 8)
}
