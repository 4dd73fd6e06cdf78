import { copyBytes, putU16, putU32 } from '../bytes/writer.ts'
import { contentBytes, putContent, putMethodHead, putTag } from './content-frames.ts'
import { FRAME_BYTES, FRAME_END } from './frame.ts'
import type { FrameWriter } from './frame-writer.ts'
import { methodIdOf } from './methods.ts'

/*
 * An envelope is what goes from a publish to a delivery without being decoded:
 * | exchange shortstr | routing key shortstr | property flags and values |
 */

const DELIVER = methodIdOf('basic.deliver')
const GET_OK = methodIdOf('basic.get-ok')
const RETURN = methodIdOf('basic.return')
const ACK = methodIdOf('basic.ack')
const NACK = methodIdOf('basic.nack')

/** Where the names end and the properties start in an envelope that starts at `at`. */
export function propertiesAt(envelope: Uint8Array, at: number): number {
  const key = at + 1 + envelope[at]!
  return key + 1 + envelope[key]!
}

/** A `basic.deliver` with its content. `consumerTag` is a short string: `shortstr()`. */
export function writeDeliver(
  into: FrameWriter,
  channel: number,
  consumerTag: Uint8Array,
  deliveryTag: number,
  redelivered: boolean,
  envelope: Uint8Array,
  envelopeAt: number,
  body: Uint8Array,
): void {
  const { payloadMax } = into
  const properties = propertiesAt(envelope, envelopeAt)
  const payload = 13 + consumerTag.length + properties - envelopeAt
  into.reserve(FRAME_BYTES + payload + contentBytes(payloadMax, envelope.length - properties, body))
  const { bytes } = into
  let at = putMethodHead(bytes, into.at, channel, DELIVER, payload)
  at = copyBytes(consumerTag, 0, consumerTag.length, bytes, at)
  at = putTag(bytes, at, deliveryTag, redelivered ? 1 : 0)
  at = copyBytes(envelope, envelopeAt, properties, bytes, at)
  bytes[at++] = FRAME_END
  into.at = putContent(bytes, at, channel, payloadMax, envelope, properties, body)
}

/** A `basic.get-ok` with its content; `messageCount` is what is left in the queue. */
export function writeGetOk(
  into: FrameWriter,
  channel: number,
  deliveryTag: number,
  redelivered: boolean,
  messageCount: number,
  envelope: Uint8Array,
  envelopeAt: number,
  body: Uint8Array,
): void {
  const { payloadMax } = into
  const properties = propertiesAt(envelope, envelopeAt)
  const payload = 17 + properties - envelopeAt
  into.reserve(FRAME_BYTES + payload + contentBytes(payloadMax, envelope.length - properties, body))
  const { bytes } = into
  let at = putMethodHead(bytes, into.at, channel, GET_OK, payload)
  at = putTag(bytes, at, deliveryTag, redelivered ? 1 : 0)
  at = copyBytes(envelope, envelopeAt, properties, bytes, at)
  putU32(bytes, at, messageCount)
  bytes[at + 4] = FRAME_END
  into.at = putContent(bytes, at + 5, channel, payloadMax, envelope, properties, body)
}

/** A `basic.return` with its content. `replyText` is a short string: `shortstr()`. */
export function writeReturn(
  into: FrameWriter,
  channel: number,
  replyCode: number,
  replyText: Uint8Array,
  envelope: Uint8Array,
  envelopeAt: number,
  body: Uint8Array,
): void {
  const { payloadMax } = into
  const properties = propertiesAt(envelope, envelopeAt)
  const payload = 6 + replyText.length + properties - envelopeAt
  into.reserve(FRAME_BYTES + payload + contentBytes(payloadMax, envelope.length - properties, body))
  const { bytes } = into
  let at = putMethodHead(bytes, into.at, channel, RETURN, payload)
  putU16(bytes, at, replyCode)
  at = copyBytes(replyText, 0, replyText.length, bytes, at + 2)
  at = copyBytes(envelope, envelopeAt, properties, bytes, at)
  bytes[at++] = FRAME_END
  into.at = putContent(bytes, at, channel, payloadMax, envelope, properties, body)
}

/** A `basic.ack`, the confirm of a publish. */
export function writeAck(
  into: FrameWriter,
  channel: number,
  deliveryTag: number,
  multiple: boolean,
): void {
  writeSettle(into, channel, ACK, deliveryTag, multiple)
}

/** A `basic.nack` without requeue, the refusal of a publish. */
export function writeNack(
  into: FrameWriter,
  channel: number,
  deliveryTag: number,
  multiple: boolean,
): void {
  writeSettle(into, channel, NACK, deliveryTag, multiple)
}

function writeSettle(
  into: FrameWriter,
  channel: number,
  methodId: number,
  deliveryTag: number,
  multiple: boolean,
): void {
  into.reserve(FRAME_BYTES + 13)
  const at = putMethodHead(into.bytes, into.at, channel, methodId, 13)
  const end = putTag(into.bytes, at, deliveryTag, multiple ? 1 : 0)
  into.bytes[end] = FRAME_END
  into.at = end + 1
}
