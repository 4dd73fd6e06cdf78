/*
 * How an AMQP message is kept in the core's properties, so that it is delivered without being taken
 * apart: | codec 1 | exchange, length 1 | routing key, length 1 | basic properties as received |
 */
export const CODEC_AMQP = 1

/** A message as it came, or as it goes out. */
export interface AmqpMessage {
  readonly exchange: string
  readonly routingKey: string
  /** Flags and values of the content header, as received. */
  readonly properties: Uint8Array
  readonly body: Uint8Array
}

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

/** Reads what `storedForm` made; undefined when something else has stored it. */
export function messageOf(stored: Uint8Array, body: Uint8Array): AmqpMessage | undefined {
  if (stored[0] !== CODEC_AMQP) return undefined
  const bytes = Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength)
  const keyAt = 2 + bytes[1]!
  const end = keyAt + 1 + bytes[keyAt]!
  return {
    exchange: bytes.toString('utf8', 2, keyAt),
    routingKey: bytes.toString('utf8', keyAt + 1, end),
    properties: stored.subarray(end),
    body,
  }
}

function writeShort(into: Buffer, at: number, text: string): number {
  const length = into.write(text, at + 1)
  into[at] = length
  return at + 1 + length
}
