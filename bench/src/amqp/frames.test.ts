import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Method } from '@hufu/wire/amqp091'
import { decodeMethod, FRAME_BODY, FRAME_METHOD, FrameReader } from '@hufu/wire/amqp091'
import { Acks, Publishes } from './frames.ts'

function read(frames: Uint8Array): { methods: Method[]; bodies: Buffer[] } {
  const methods: Method[] = []
  const bodies: Buffer[] = []
  const reader = new FrameReader(131_072, (type, _channel, bytes, start, end) => {
    if (type === FRAME_METHOD) methods.push(decodeMethod(bytes, start, end))
    if (type === FRAME_BODY) bodies.push(Buffer.from(bytes.subarray(start, end)))
  })
  reader.feed(frames)
  return { methods, bodies }
}

const form = { exchange: '', routingKey: 'q', bytes: 100, persistent: true }

test('frames made beforehand are as many whole messages as were asked for', () => {
  const { methods, bodies } = read(new Publishes(form).take(3))
  assert.deepEqual(
    methods.map(({ name }) => name),
    ['basic.publish', 'basic.publish', 'basic.publish'],
  )
  assert.deepEqual(
    bodies.map(({ length }) => length),
    [100, 100, 100],
  )
})

test('numbered messages say publisher and number, and leave the block as it was', () => {
  const publishes = new Publishes(form)
  const { bodies } = read(publishes.numbered(2, 7, 41))
  const numbers = bodies.map((body) => [body.readUInt32BE(0), body.readUInt32BE(4)])
  assert.deepEqual(numbers, [
    [7, 41],
    [7, 42],
  ])
  assert.equal(read(publishes.take(1)).bodies[0]!.toString(), 'x'.repeat(100))
})

test('acks carry their tags, also beyond 32 bits and beyond the first block', () => {
  const acks = new Acks()
  const tags = [...Array.from({ length: 600 }, (_, n) => n + 1), 2 ** 33 + 5]
  for (const tag of tags) acks.add(tag)
  const { methods } = read(acks.take()!)
  assert.deepEqual(
    methods.map((method) => method.name === 'basic.ack' && method.deliveryTag),
    tags,
  )
  assert.equal(acks.take(), undefined)
})
