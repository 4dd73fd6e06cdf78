/*
 * How an AMQP message is kept in the core's properties, so that it is delivered without being taken
 * apart: | codec 1 | exchange, length 1 | routing key, length 1 | basic properties as received |
 */
const CODEC_AMQP = 1

/** Flags, none set. */
const NO_PROPERTIES = new Uint8Array(2)

/** The part of a message that the core keeps as opaque properties. */
export function storedForm(
  exchange: string,
  routingKey: string,
  properties: Uint8Array,
): Uint8Array {
  const names = Buffer.byteLength(exchange) + Buffer.byteLength(routingKey)
  const stored = Buffer.allocUnsafe(3 + names + properties.length)
  stored[0] = CODEC_AMQP
  const after = writeShort(stored, 1, exchange)
  stored.set(properties, writeShort(stored, after, routingKey))
  return stored
}

/**
 * Memory for a `storedForm`: after its first byte, names as they came (two short strings) and
 * properties are to be written.
 */
export function storedBytes(namesBytes: number, propertiesBytes: number): Uint8Array {
  const stored = Buffer.allocUnsafe(1 + namesBytes + propertiesBytes)
  stored[0] = CODEC_AMQP
  return stored
}

/** Exchange, routing key and properties as they go out, in `bytes` from `at` on. */
export interface Envelope {
  readonly bytes: Uint8Array
  readonly at: number
}

/** Of what `storedForm` made; what something else has stored comes from the default exchange. */
export function envelopeOf(stored: Uint8Array, queue: string): Envelope {
  if (stored[0] === CODEC_AMQP) return { bytes: stored, at: 1 }
  return { bytes: storedForm('', queue, NO_PROPERTIES), at: 1 }
}

/** A message taken apart. */
export interface Opened {
  readonly exchange: string
  readonly routingKey: string
  /** Flags and values. */
  readonly properties: Uint8Array
}

/** What `storedForm` was given; undefined when something else has stored it. */
export function opened(stored: Uint8Array): Opened | undefined {
  if (stored[0] !== CODEC_AMQP) return undefined
  const bytes = Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength)
  const keyAt = 2 + bytes[1]!
  const end = keyAt + 1 + bytes[keyAt]!
  return {
    exchange: bytes.toString('utf8', 2, keyAt),
    routingKey: bytes.toString('utf8', keyAt + 1, end),
    properties: stored.subarray(end),
  }
}

function writeShort(into: Buffer, at: number, text: string): number {
  const length = into.write(text, at + 1)
  into[at] = length
  return at + 1 + length
}
