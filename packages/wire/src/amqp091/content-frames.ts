import { copyBytes, putU32, putU64 } from '../bytes/writer.ts'
import { BEFORE_PROPERTIES_BYTES, CLASS_BASIC } from './content-header.ts'
import {
  FRAME_BODY,
  FRAME_BYTES,
  FRAME_END,
  FRAME_HEADER,
  FRAME_METHOD,
  putFrameHead,
} from './frame.ts'

/** Bytes of the frames of a content. */
export function contentBytes(
  payloadMax: number,
  propertiesBytes: number,
  body: Uint8Array,
): number {
  const bodyFrames = Math.ceil(body.length / payloadMax)
  const header = FRAME_BYTES + BEFORE_PROPERTIES_BYTES + propertiesBytes
  return header + bodyFrames * FRAME_BYTES + body.length
}

/**
 * Puts header and body frames where there is room for them; returns where they end. The properties
 * are the rest of `envelope` from `properties` on.
 */
export function putContent(
  bytes: Uint8Array,
  at: number,
  channel: number,
  payloadMax: number,
  envelope: Uint8Array,
  properties: number,
  body: Uint8Array,
): number {
  const propertiesBytes = envelope.length - properties
  at = putFrameHead(bytes, at, FRAME_HEADER, channel, BEFORE_PROPERTIES_BYTES + propertiesBytes)
  putU32(bytes, at, CLASS_BASIC * 0x10000)
  putU64(bytes, at + 4, body.length)
  at = copyBytes(envelope, properties, envelope.length, bytes, at + BEFORE_PROPERTIES_BYTES)
  bytes[at++] = FRAME_END
  for (let start = 0; start < body.length; start += payloadMax) {
    const end = Math.min(start + payloadMax, body.length)
    at = putFrameHead(bytes, at, FRAME_BODY, channel, end - start)
    at = copyBytes(body, start, end, bytes, at)
    bytes[at++] = FRAME_END
  }
  return at
}

/** Puts the head of a method frame and its ids; returns where its arguments start. */
export function putMethodHead(
  bytes: Uint8Array,
  at: number,
  channel: number,
  methodId: number,
  payloadBytes: number,
): number {
  const payload = putFrameHead(bytes, at, FRAME_METHOD, channel, payloadBytes)
  putU32(bytes, payload, methodId)
  return payload + 4
}

/** Puts a delivery tag and a byte of bits after it. */
export function putTag(bytes: Uint8Array, at: number, deliveryTag: number, bit: number): number {
  putU64(bytes, at, deliveryTag)
  bytes[at + 8] = bit
  return at + 9
}
