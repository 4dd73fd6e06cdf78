import assert from 'node:assert/strict'
import { test } from 'node:test'
import { shortstr } from './arguments.ts'
import { PublishView, SettleView } from './basic-views.ts'
import { HeaderView } from './content-header.ts'
import { Dice, FIRST_SEED } from './dice.fixture.ts'
import { FRAME_BODY, FRAME_HEADER } from './frame.ts'
import { FrameReader } from './frame-reader.ts'
import { FrameWriter } from './frame-writer.ts'
import { decodeMethod, encodeMethod, type Method, methodIdAt, methodIdOf } from './methods.ts'
import { writeProperties } from './properties-write.ts'
import { WireError } from './wire-error.ts'
import {
  propertiesAt,
  writeAck,
  writeDeliver,
  writeGetOk,
  writeNack,
  writeReturn,
} from './write-content.ts'

const FRAME_MAX = 8_192

interface Read {
  readonly method: Method
  readonly properties: Buffer
  readonly bodies: readonly Buffer[]
}

/** The one method in the bytes, with its content if it has one. */
function readOne(bytes: Uint8Array, frameMax = FRAME_MAX): Read {
  const methods: Method[] = []
  const bodies: Buffer[] = []
  let properties = Buffer.alloc(0)
  const header = new HeaderView()
  const reader = new FrameReader(frameMax, (type, channel, held, start, end) => {
    assert.equal(channel, 3)
    if (type === FRAME_BODY) bodies.push(Buffer.from(held.subarray(start, end)))
    else if (type === FRAME_HEADER) {
      header.read(held, start, end)
      properties = Buffer.from(held.subarray(header.propertiesStart, header.propertiesEnd))
    } else methods.push(decodeMethod(held, start, end))
  })
  reader.feed(bytes)
  assert.equal(methods.length, 1)
  assert.equal(Buffer.concat(bodies).length, header.bodySize)
  return { method: methods[0]!, properties, bodies }
}

const PROPERTIES = writeProperties({ deliveryMode: 2, correlationId: 'c', messageId: 'ü' })
const NAMES = { exchange: 'orders.ü', routingKey: 'a.b' }
const ENVELOPE = Buffer.concat([
  ...[Buffer.from([1]), shortstr(NAMES.exchange), shortstr(NAMES.routingKey)],
  PROPERTIES,
])
const BODY = new Dice(FIRST_SEED).bytes(20_000)
const TAG = 2 ** 40 + 5

test('a delivery is the method, the header and the body in frames of at most frame_max', () => {
  for (const [size, frames] of [
    [0, []],
    [1, [1]],
    [FRAME_MAX - 8, [8_184]],
    [FRAME_MAX - 7, [8_184, 1]],
    [20_000, [8_184, 8_184, 3_632]],
  ] as const) {
    const out = new FrameWriter(FRAME_MAX)
    const body = BODY.subarray(0, size)
    writeDeliver(out, 3, shortstr('me'), TAG, true, ENVELOPE, 1, body)
    const { method, properties, bodies } = readOne(out.take())
    const expected = { consumerTag: 'me', deliveryTag: TAG, redelivered: true, ...NAMES }
    assert.deepEqual(method, { name: 'basic.deliver', ...expected })
    assert.deepEqual(properties, Buffer.from(PROPERTIES))
    assert.deepEqual(
      bodies.map(({ length }) => length),
      frames,
    )
    assert.deepEqual(Buffer.concat(bodies), Buffer.from(body))
  }
})

test('get-ok and return carry the same envelope', () => {
  const out = new FrameWriter(FRAME_MAX)
  writeGetOk(out, 3, TAG, false, 70_000, ENVELOPE, 1, BODY)
  const got = readOne(out.take())
  const counted = { deliveryTag: TAG, redelivered: false, messageCount: 70_000 }
  assert.deepEqual(got.method, { name: 'basic.get-ok', ...counted, ...NAMES })
  writeReturn(out, 3, 312, shortstr('NO_ROUTE'), ENVELOPE, 1, BODY)
  const returned = readOne(out.take())
  const why = { replyCode: 312, replyText: 'NO_ROUTE' }
  assert.deepEqual(returned.method, { name: 'basic.return', ...why, ...NAMES })
  for (const { properties, bodies } of [got, returned]) {
    assert.deepEqual(properties, Buffer.from(PROPERTIES))
    assert.deepEqual(Buffer.concat(bodies), Buffer.from(BODY))
  }
})

test('what a publish says is an envelope when the properties are put behind its names', () => {
  const out = new FrameWriter(FRAME_MAX)
  const method = { name: 'basic.publish', ...NAMES, mandatory: true, immediate: false } as const
  out.content(3, method, { properties: PROPERTIES, body: BODY })
  const bytes = out.take().slice()
  const publish = new PublishView()
  new FrameReader(FRAME_MAX, (type, _channel, held, start, end) => {
    if (type === 1) publish.read(held, start, end)
  }).feed(bytes)
  const { exchange, routingKey, mandatory, immediate, namesStart, namesEnd } = publish
  assert.deepEqual({ name: 'basic.publish', exchange, routingKey, mandatory, immediate }, method)
  const names = publish.bytes.subarray(namesStart, namesEnd)
  assert.deepEqual(Buffer.concat([Buffer.from([1]), names, PROPERTIES]), ENVELOPE)
  assert.equal(propertiesAt(ENVELOPE, 1), 1 + names.length)
})

test('a publish of a wrong length is refused with 501, and so are names that are not UTF-8', () => {
  const is501 = (error: unknown) => error instanceof WireError && error.code === 501
  const method = { name: 'basic.publish', ...NAMES, mandatory: false, immediate: false } as const
  const payload = encodeMethod(1, method).subarray(7, -1)
  const view = new PublishView()
  for (let end = 4; end < payload.length; end++) {
    assert.throws(() => view.read(payload, 0, end), is501, `cut at ${end}`)
  }
  assert.throws(() => view.read(new Uint8Array([...payload, 0])), is501)
  const wrong = payload.slice()
  wrong[7] = 0xff
  view.read(wrong)
  assert.throws(() => view.exchange, is501)
  assert.equal(view.routingKey, NAMES.routingKey)
})

test('ack, nack and reject are read as decodeMethod reads them', () => {
  const view = new SettleView()
  const bits = [false, true].flatMap((multiple) =>
    [false, true].map((requeue) => ({ multiple, requeue })),
  )
  for (const { multiple, requeue } of bits) {
    const methods: Method[] = [
      { name: 'basic.ack', deliveryTag: TAG, multiple },
      { name: 'basic.nack', deliveryTag: TAG, multiple, requeue },
      { name: 'basic.reject', deliveryTag: TAG, requeue },
    ]
    for (const method of methods) {
      const payload = encodeMethod(1, method).subarray(7, -1)
      assert.equal(methodIdAt(payload), methodIdOf(method.name))
      view.read(payload)
      const said = { deliveryTag: TAG, multiple: false, requeue: false, ...method }
      assert.deepEqual({ name: method.name, ...view }, said)
      assert.throws(() => view.read(payload, 0, payload.length - 1), WireError)
    }
  }
})

test('confirms are ack and nack', () => {
  const out = new FrameWriter()
  writeAck(out, 3, TAG, true)
  assert.deepEqual(readOne(out.take()).method, {
    ...{ name: 'basic.ack', deliveryTag: TAG, multiple: true },
  })
  writeNack(out, 3, TAG, false)
  assert.deepEqual(readOne(out.take()).method, {
    ...{ name: 'basic.nack', deliveryTag: TAG, multiple: false, requeue: false },
  })
})

test('what was taken stays as it is until it is given back', () => {
  const out = new FrameWriter()
  const ack = (tag: number) => {
    writeAck(out, 1, tag, false)
    return out.take()
  }
  const first = ack(1)
  const before = first.slice()
  const second = ack(2)
  assert.deepEqual(first, before)
  assert.notEqual(second.buffer, first.buffer)
  out.recycle(first)
  assert.equal(ack(3).buffer, first.buffer)
  assert.notEqual(ack(4).buffer, first.buffer)
  assert.equal(out.length, 0)
})

test('a method that does not fit leaves nothing behind', () => {
  const out = new FrameWriter()
  out.heartbeat()
  assert.throws(() => out.method(1, { name: 'basic.cancel-ok', consumerTag: 'x'.repeat(256) }))
  assert.equal(out.length, 8)
})
