import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Dice, FIRST_SEED, METHOD_NAMES } from './dice.fixture.ts'
import { decodeMethod, encodeMethod, hasContent, type Method, methodIdOf } from './methods.ts'
import { encodeTable } from './table-encode.ts'
import { WireError } from './wire-error.ts'

const ROUNDS = 50

function payloadOf(method: Method): Uint8Array {
  const frame = encodeMethod(0x0102, method)
  return frame.subarray(7, frame.length - 1)
}

function isWireError(code: number, classId: number, methodId: number, text: RegExp) {
  return (error: unknown): boolean => {
    assert.ok(error instanceof WireError, String(error))
    assert.deepEqual([error.code, error.classId, error.methodId], [code, classId, methodId])
    assert.match(error.message, text)
    return true
  }
}

test('there are the 66 methods of AMQP 0-9-1 with the extensions, each with its own id', () => {
  assert.equal(METHOD_NAMES.length, 66)
  assert.equal(new Set(METHOD_NAMES.map(methodIdOf)).size, 66)
})

test('every method comes back as it was written, whatever its arguments', () => {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + ROUNDS; seed++) {
    const dice = new Dice(seed)
    for (const name of METHOD_NAMES) {
      const method = dice.method(name, () => encodeTable(dice.entries()))
      assert.deepEqual(decodeMethod(payloadOf(method)), method, `HUFU_SEED=${seed}, ${name}`)
    }
  }
})

test('a frame is type 1, channel, length, payload and 0xCE', () => {
  const frame = encodeMethod(0x0102, { name: 'channel.flow', active: true })
  assert.deepEqual([...frame], [1, 1, 2, 0, 0, 0, 5, 0, 20, 0, 20, 1, 0xce])
})

test('bits that follow each other share a byte, the first one lowest', () => {
  const method: Method = {
    name: 'queue.declare',
    ...{ queue: '', passive: false, durable: true, exclusive: false, autoDelete: true },
    ...{ noWait: true, arguments: new Uint8Array(0) },
  }
  assert.deepEqual([...payloadOf(method)], [0, 50, 0, 10, 0, 0, 0, 0b11010, 0, 0, 0, 0])
})

test('a method can be read in the midst of a socket’s bytes, and outlives them', () => {
  const open: Method = { name: 'connection.secure-ok', response: new Uint8Array([1, 2, 3]) }
  const frame = Buffer.from(encodeMethod(0, open))
  const method = decodeMethod(frame, 7, frame.length - 1)
  frame.fill(0)
  assert.deepEqual(method, open)
})

test('a method that is cut anywhere is refused with 501 and its ids', () => {
  const dice = new Dice(FIRST_SEED)
  for (const name of METHOD_NAMES) {
    const payload = payloadOf(dice.method(name, () => encodeTable(dice.entries())))
    const [, classId = 0, , methodId = 0] = payload
    for (let end = 4; end < payload.length; end++) {
      const cut = () => decodeMethod(payload, 0, end)
      assert.throws(cut, isWireError(501, classId, methodId, /bytes are wanted where/))
    }
    const longer = new Uint8Array([...payload, 0])
    const excess = isWireError(501, classId, methodId, /1 bytes follow/)
    assert.throws(() => decodeMethod(longer), excess)
  }
  assert.throws(() => decodeMethod(new Uint8Array(3)), isWireError(501, 0, 0, /no class/))
})

test('a method or class that does not exist is refused with 540', () => {
  const none = (...bytes: number[]) => decodeMethod(new Uint8Array(bytes))
  assert.throws(() => none(0, 50, 0, 99), isWireError(540, 50, 99, /there is none/))
  assert.throws(() => none(0, 51, 0, 10), isWireError(540, 51, 10, /there is none/))
})

test('a name that is not UTF-8 is refused with 501, as RabbitMQ does', () => {
  const payload = payloadOf({ name: 'basic.get', queue: 'aa', noAck: false })
  payload[7] = 0xff
  assert.throws(() => decodeMethod(payload), isWireError(501, 60, 70, /not UTF-8/))
})

test('what does not fit is not written, and the error names it', () => {
  const long: Method = { name: 'basic.cancel-ok', consumerTag: 'ü'.repeat(128) }
  const text = 'Cannot write consumerTag of basic.cancel-ok: 256 bytes, at most 255 fit'
  assert.throws(() => encodeMethod(1, long), new RangeError(text))
  for (const messageCount of [-1, 1.5, 2 ** 32, Number.NaN]) {
    assert.throws(() => encodeMethod(1, { name: 'queue.purge-ok', messageCount }), RangeError)
  }
})

test('a delivery tag over 2⁵³ is read as a number over 2⁵³, never as a small one', () => {
  const payload = payloadOf({ name: 'basic.ack', deliveryTag: 0, multiple: false })
  payload.fill(0xff, 4, 12)
  const method = decodeMethod(payload)
  assert.ok(method.name === 'basic.ack' && method.deliveryTag > Number.MAX_SAFE_INTEGER)
})

test('a content follows publish, return, deliver and get-ok only', () => {
  const dice = new Dice(FIRST_SEED)
  const names = METHOD_NAMES.filter((name) => hasContent(dice.method(name, () => dice.bytes(0))))
  assert.deepEqual(names, ['basic.publish', 'basic.return', 'basic.deliver', 'basic.get-ok'])
})
