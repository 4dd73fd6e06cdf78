import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { MethodName } from './methods.ts'

/*
 * The codec inside amqplib, as a second opinion. Its package exports only the client, so its files
 * are taken by their path.
 */
const require = createRequire(import.meta.url)
const lib = join(dirname(require.resolve('amqplib')), 'lib')

export type PeerFields = Record<string, unknown>

interface Definitions {
  encodeMethod(id: number, channel: number, fields: PeerFields): Buffer
  encodeProperties(id: number, channel: number, size: bigint, fields: PeerFields): Buffer
  decode(id: number, payload: Buffer): PeerFields
  readonly [name: string]: unknown
}

export const peer: Definitions = require(join(lib, 'defs.js'))

const codec: {
  encodeTable(into: Buffer, fields: PeerFields, at: number): number
  decodeFields(raw: Buffer): PeerFields
} = require(join(lib, 'codec.js'))

export function peerDecodeTable(raw: Uint8Array): PeerFields {
  return codec.decodeFields(Buffer.from(raw))
}

/** A table without its length. */
export function peerEncodeTable(fields: PeerFields): Uint8Array {
  const into = Buffer.alloc(65_536)
  return new Uint8Array(into.subarray(4, codec.encodeTable(into, fields, 0)))
}

/** The peer's number of a method: `queue.declare-ok` is its `QueueDeclareOk`. */
export function peerId(name: MethodName): unknown {
  return peer[name.replace(/(?:^|[.-])(\w)/g, (_, letter: string) => letter.toUpperCase())]
}
