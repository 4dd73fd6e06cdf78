import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Dice, FIRST_SEED, METHOD_NAMES } from './dice.fixture.ts'
import { FrameReader } from './frame-reader.ts'
import { FrameWriter } from './frame-writer.ts'
import { writeProperties } from './properties-write.ts'
import { encodeTable } from './table-encode.ts'
import { WireError } from './wire-error.ts'

const FRAME_MAX = 8_192
const HEARTBEAT = [8, 0, 0, 0, 0, 0, 0, 0xce]

/** Every method once, and contents of none, one and several body frames. */
function session(dice: Dice): Uint8Array {
  const out = new FrameWriter(FRAME_MAX)
  for (const name of METHOD_NAMES) {
    out.method(
      dice.below(4),
      dice.method(name, () => encodeTable(dice.entries())),
    )
  }
  out.heartbeat()
  for (const size of [0, 10, FRAME_MAX - 8, FRAME_MAX - 7, 3 * FRAME_MAX]) {
    const properties = writeProperties({ deliveryMode: 2, messageId: dice.text() })
    const names = { exchange: dice.text(), routingKey: dice.text() }
    const method = { name: 'basic.publish', ...names, mandatory: true, immediate: false } as const
    out.content(1, method, { properties, body: dice.bytes(size) })
  }
  return out.take().slice()
}

interface Frame {
  readonly type: number
  readonly channel: number
  readonly payload: string
}

function collect(frameMax = FRAME_MAX): { reader: FrameReader; frames: Frame[] } {
  const frames: Frame[] = []
  const reader = new FrameReader(frameMax, (type, channel, bytes, start, end) => {
    const payload = Buffer.from(bytes.subarray(start, end)).toString('hex')
    frames.push({ type, channel, payload })
  })
  return { reader, frames }
}

function framesOf(bytes: Uint8Array): Frame[] {
  const { reader, frames } = collect()
  reader.feed(bytes)
  return frames
}

test('frames are the same however their bytes are cut in two', () => {
  const out = new FrameWriter(FRAME_MAX)
  out.method(7, { name: 'channel.close', replyCode: 404, replyText: 'x', classId: 1, methodId: 2 })
  out.heartbeat()
  const method = { name: 'basic.deliver', consumerTag: 'c', deliveryTag: 1 } as const
  const names = { redelivered: false, exchange: 'e', routingKey: 'k' }
  const content = { properties: writeProperties({ priority: 3 }), body: new Uint8Array(50).fill(7) }
  out.content(2, { ...method, ...names }, content)
  const bytes = out.take()
  const whole = framesOf(bytes)
  assert.equal(whole.length, 5)
  for (let cut = 0; cut <= bytes.length; cut++) {
    const { reader, frames } = collect()
    reader.feed(bytes.subarray(0, cut))
    reader.feed(bytes.subarray(cut))
    assert.deepEqual(frames, whole, `cut at ${cut}`)
  }
})

test('frames are the same however their bytes are cut into pieces', () => {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + 30; seed++) {
    const dice = new Dice(seed)
    const bytes = session(dice)
    const { reader, frames } = collect()
    const most = dice.pick([1, 3, 20, 1_000, 20_000])
    for (let at = 0; at < bytes.length; ) {
      const end = at + 1 + dice.below(most)
      reader.feed(bytes.subarray(at, end))
      at = end
    }
    assert.deepEqual(frames, framesOf(bytes), `HUFU_SEED=${seed}`)
  }
})

test('a frame that is whole in its chunk is not copied', () => {
  const chunk = new Uint8Array([...HEARTBEAT, 3, 0, 1, 0, 0, 0, 1, 42, 0xce, 3, 0, 1])
  const places: unknown[] = []
  const reader = new FrameReader(FRAME_MAX, (...[, , bytes, start, end]) => {
    places.push([bytes === chunk, start, end])
  })
  reader.feed(chunk)
  assert.deepEqual(places, [
    [true, 7, 7],
    [true, 15, 16],
  ])
})

const WRONG = [
  ['of an unknown type', [4, 0, 0, 0, 0, 0, 0], /type 4 is unknown/],
  ['that does not end in 0xCE', [3, 0, 1, 0, 0, 0, 0, 0xcd], /ends in 205/],
  ['over the limit', [3, 0, 1, 0, 0, 0x1f, 0xf9], /has 8185 bytes, .* most is 8184/],
  ['of 4 GiB', [3, 0, 1, 0xff, 0xff, 0xff, 0xff], /has 4294967295 bytes/],
  ['that is a heartbeat with a payload', [8, 0, 0, 0, 0, 0, 1], /a heartbeat has a payload/],
] as const

for (const [what, bytes, text] of WRONG) {
  test(`a frame ${what} is refused with 501 as soon as it shows, and nothing after it`, () => {
    for (let cut = 0; cut <= bytes.length; cut++) {
      const { reader, frames } = collect()
      const all = new Uint8Array([...HEARTBEAT, ...bytes])
      const fail = () => {
        reader.feed(all.subarray(0, HEARTBEAT.length + cut))
        reader.feed(all.subarray(HEARTBEAT.length + cut))
      }
      const is = (error: unknown) => {
        assert.ok(error instanceof WireError && error.code === 501)
        assert.match(error.message, text)
        return true
      }
      assert.throws(fail, is)
      assert.equal(frames.length, 1)
      assert.throws(() => reader.feed(new Uint8Array(HEARTBEAT)), is)
    }
  })
}

test('a new frame_max counts from the next frame on, also within a chunk', () => {
  const frame = (size: number) => [3, 0, 1, 0, 0, size >> 8, size & 255, ...Array(size), 0xce]
  let frames = 0
  const reader = new FrameReader(16, () => {
    frames++
    reader.frameMax = FRAME_MAX
  })
  reader.feed(Uint8Array.from([...frame(8), ...frame(500)], Number))
  assert.equal(frames, 2)
})

test('a partial frame takes no more memory than has come of it', () => {
  const before = process.memoryUsage().arrayBuffers
  const readers = Array.from({ length: 2_000 }, () => new FrameReader(131_072, () => {}))
  const head = new Uint8Array([3, 0, 1, 0, 1, 0xff, 0xf8, 1, 2, 3])
  for (const reader of readers) reader.feed(head)
  const grown = process.memoryUsage().arrayBuffers - before
  assert.ok(grown < 2_000 * 1_024, `${grown} bytes for ${readers.length} readers`)
})

test('an error of the receiver ends the reader', () => {
  const reader = new FrameReader(FRAME_MAX, () => {
    throw new Error('enough')
  })
  assert.throws(() => reader.feed(new Uint8Array(HEARTBEAT)), /enough/)
  assert.throws(() => reader.feed(new Uint8Array(0)), /enough/)
})
