import type { ByteWriter } from '../bytes/writer.ts'
import { putU16, putU32 } from '../bytes/writer.ts'

/*
 * A frame (AMQP 0-9-1 §4.2.3):
 * | type 1 | channel 2 | payload bytes 4 | payload | 0xCE |
 */
export const FRAME_METHOD = 1
export const FRAME_HEADER = 2
export const FRAME_BODY = 3
export const FRAME_HEARTBEAT = 8
export const FRAME_END = 0xce

/** Bytes before the payload. */
export const FRAME_HEADER_BYTES = 7
/** Bytes of a frame besides its payload. */
export const FRAME_BYTES = 8

/** Writes the head of a frame whose length `frameEnd` fills in; returns where the frame starts. */
export function frameStart(into: ByteWriter, type: number, channel: number): number {
  const start = into.at
  into.reserve(FRAME_HEADER_BYTES)
  putFrameHead(into.bytes, start, type, channel, 0)
  into.at = start + FRAME_HEADER_BYTES
  return start
}

export function frameEnd(into: ByteWriter, start: number): void {
  putU32(into.bytes, start + 3, into.at - start - FRAME_HEADER_BYTES)
  into.u8(FRAME_END)
}

/** Writes the head of a frame where there is room for it; returns where its payload starts. */
export function putFrameHead(
  bytes: Uint8Array,
  at: number,
  type: number,
  channel: number,
  payloadBytes: number,
): number {
  bytes[at] = type
  putU16(bytes, at + 1, channel)
  putU32(bytes, at + 3, payloadBytes)
  return at + FRAME_HEADER_BYTES
}
