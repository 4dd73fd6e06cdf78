import { randomBelow } from '@hufu/os'
import type { SeededRandom } from '@hufu/os/simulated'
import { encodeTable } from '@hufu/wire/amqp091'
import { headerPayload, methodFrame, rawFrame } from './hostile-client.fixture.ts'
import { type Frames, HANDSHAKE } from './hostile-sessions.fixture.ts'

/** What a mutation may draw on. */
interface Draw {
  readonly sessions: readonly Frames[]
  below(limit: number): number
  pick<T>(from: readonly T[]): T
}

/** Changes a session, which is its own copy; the frame at `at` is what it is to change. */
type Mutation = (frames: Buffer[], at: number, draw: Draw) => void

const LENGTHS = [0, 1, 7, 8, 255, 65_535, 131_064, 131_065, 0x7fff_ffff, 0xffff_ffff]
const CHANNELS = [0, 1, 1, 2, 2, 3, 2_047, 2_048, 65_535]
const TYPES = [0, 1, 2, 3, 4, 8, 65, 255]
const SIZES = [0, 1, 2 ** 24, 2 ** 24 + 1, 2 ** 40, 2 ** 53, 2 ** 63]

/** Each hits the structure somewhere; bytes by chance would hardly come past the first frame. */
const MUTATIONS: Readonly<Record<string, Mutation>> = {
  dropped: (frames, at) => frames.splice(at, 1),
  doubled: (frames, at) => frames.splice(at, 0, frames[at]!),
  'in another order': (frames, at, { below }) => {
    const [taken] = frames.splice(at, 1)
    frames.splice(below(frames.length + 1), 0, taken!)
  },
  'a frame of another session': (frames, at, { pick, sessions }) => {
    frames.splice(at, 0, Buffer.from(pick(pick(sessions).slice(HANDSHAKE))))
  },
  'another session behind it': (frames, at, { pick, sessions }) => {
    frames.splice(at, frames.length, ...copied(pick(sessions)).slice(HANDSHAKE))
  },
  'on another channel': (frames, at, { pick }) => {
    frames[at]!.writeUInt16BE(pick(CHANNELS), 1)
  },
  'of another type': (frames, at, { pick }) => {
    frames[at]![0] = pick(TYPES)
  },
  'another length': (frames, at, { pick }) => {
    frames[at]!.writeUInt32BE(pick(LENGTHS), 3)
  },
  'another method': (frames, at, { below }) => {
    const frame = frames[at]!
    if (frame.length > 12) frame[10] = 10 * below(12)
  },
  'a byte anywhere': (frames, at, { below }) => {
    const frame = frames[at]!
    frame[below(frame.length)] = below(256)
  },
  'a byte that may be a length or a type': (frames, at, { below, pick }) => {
    const frame = frames[at]!
    const place = 7 + below(Math.min(80, frame.length))
    if (place < frame.length) frame[place] = pick([0, 1, 0x41, 0x46, 0x53, 0x7f, 0x80, 0xff])
  },
  'a huge length inside': (frames, at, { below, pick }) => {
    const frame = frames[at]!
    if (frame.length > 20) frame.writeUInt32BE(pick(LENGTHS), 11 + below(frame.length - 16))
  },
  'cut, its length kept': (frames, at, { below }) => {
    frames[at] = frames[at]!.subarray(0, below(frames[at]!.length))
  },
  'cut, its length changed': (frames, at, { below }) => {
    const frame = frames[at]!
    const payload = frame.subarray(7, 7 + below(frame.length - 7))
    frames[at] = rawFrame(frame[0]!, frame.readUInt16BE(1), payload)
  },
  'the end of all': (frames, at, { below }) => {
    frames.splice(at + 1)
    frames[at] = frames[at]!.subarray(0, below(frames[at]!.length))
  },
  'a deep table': (frames, at, draw) => frames.splice(at, 0, deepTable(draw)),
  'a body of another size': (frames, at, { pick }) => {
    const begin = frames.findIndex(
      (frame, index) => index >= at && frame[0] === 2 && frame.length > 18,
    )
    const size = BigInt(pick(SIZES))
    if (begin >= 0) frames[begin]!.writeBigUInt64BE(size, 11)
  },
  'a header': (frames, at, { pick }) => {
    frames.splice(at, 0, rawFrame(2, 1, headerPayload(pick([0, 1, 100]))))
  },
  'many of it': (frames, at, { below }) => {
    const count = 2 ** below(9)
    frames.splice(at, 0, ...Array.from({ length: count }, () => frames[at]!))
  },
  'without what is before it': (frames, at, { below }) => {
    frames.splice(HANDSHAKE + 1, below(at - HANDSHAKE))
  },
  heartbeats: (frames, at, { below }) => {
    const count = below(50)
    frames.splice(at, 0, ...Array.from({ length: count }, () => rawFrame(8, 0, Buffer.alloc(0))))
  },
  'another protocol': (frames, _at, { pick }) => {
    const first = ['GET / HTTP/1.1\r\n\r\n', '\x16\x03\x01', 'AMQP\0\x01\0\0', 'AMQ', '']
    frames[0] = Buffer.from(pick(first), 'latin1')
  },
}

/** A table 1 to 200 deep, whose innermost is anything, as the arguments of a declare. */
function deepTable({ below, pick }: Draw): Buffer {
  let table: Uint8Array = Buffer.from(Array.from({ length: below(4) }, () => below(256)))
  for (let level = below(200); level >= 0; level--) {
    table = encodeTable([['', { type: 'x', value: table }]])
    table[1] = pick([0x46, 0x41])
  }
  const flags = { passive: false, durable: true, exclusive: true, autoDelete: false, noWait: false }
  const declare = { name: 'queue.declare', queue: 'deep', ...flags, arguments: table } as const
  return Buffer.from(methodFrame(1, declare))
}

/** A session changed in one to four places: frames, right and wrong. */
export function mutated(sessions: readonly Frames[], random: SeededRandom): Buffer[] {
  const below = (limit: number) => randomBelow(random, Math.max(1, limit))
  const pick = <T>(from: readonly T[]): T => from[below(from.length)]!
  const frames = copied(pick(sessions))
  for (let count = below(below(5)); count >= 0; count--) {
    // Mostly behind the handshake: what goes wrong before it ends it.
    const first = below(6) === 0 ? 1 : Math.min(HANDSHAKE, frames.length)
    const at = first + below(frames.length - first)
    const name = pick(Object.keys(MUTATIONS))
    if (frames[at] !== undefined && frames[at].length > 7) {
      MUTATIONS[name]!(frames, at, { sessions, below, pick })
    }
  }
  return frames
}

function copied(frames: Frames): Buffer[] {
  return frames.map((frame) => Buffer.from(frame))
}
