import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LINE_BYTES_MAX, LineSplitter } from './line-splitter.ts'

function split(chunks: readonly Buffer[]) {
  const splitter = new LineSplitter()
  return [...chunks.flatMap((chunk) => [...splitter.push(chunk)]), ...splitter.end()]
}

test('lines are the same wherever the chunks are cut', () => {
  const input = Buffer.from('{"a":"é虎"}\r\n\n  \nlast')
  const whole = split([input])
  assert.deepEqual(
    whole.map(({ number, bytes, end }) => [number, bytes.toString(), end]),
    [
      [1, '{"a":"é虎"}\r', 15],
      [2, '', 16],
      [3, '  ', 19],
      [4, 'last', 23],
    ],
  )
  for (let at = 0; at <= input.length; at++) {
    assert.deepEqual(split([input.subarray(0, at), input.subarray(at)]), whole)
  }
  assert.deepEqual(split([...input].map((byte) => Buffer.from([byte]))), whole)
})

test('an input that ends with a line end has no empty line after it', () => {
  assert.equal(split([Buffer.from('a\nb\n')]).length, 2)
  assert.equal(split([]).length, 0)
})

test('a line is not changed when the memory of its chunk is used again', () => {
  const splitter = new LineSplitter()
  const chunk = Buffer.from('abc')
  assert.deepEqual([...splitter.push(chunk)], [])
  chunk.fill('x')
  assert.deepEqual([...splitter.push(Buffer.from('d\n'))][0]?.bytes.toString(), 'abcd')
})

test('splitting goes on after a stored line with its number and offset', () => {
  const splitter = new LineSplitter({ number: 7, end: 100 })
  const [line] = [...splitter.push(Buffer.from('abc\n'))]
  assert.deepEqual([line?.number, line?.end], [8, 104])
})

test('of a line of 1 GiB only its beginning is kept, and the next line is right', () => {
  const splitter = new LineSplitter()
  const chunk = Buffer.alloc(1024 * 1024, 'x')
  const before = process.memoryUsage().rss
  for (let mebibyte = 0; mebibyte < 1024; mebibyte++) {
    assert.deepEqual([...splitter.push(chunk)], [])
  }
  const lines = [...splitter.push(Buffer.from('\nnext\n'))]
  const grownBytes = process.memoryUsage().rss - before
  assert.ok((lines[0]?.bytes.length ?? 0) > LINE_BYTES_MAX)
  assert.ok((lines[0]?.bytes.length ?? 0) < LINE_BYTES_MAX + 100)
  assert.equal(lines[1]?.bytes.toString(), 'next')
  assert.equal(lines[1]?.end, 1024 * 1024 * 1024 + 6)
  assert.ok(grownBytes < 64 * 1024 * 1024, `memory grew by ${grownBytes} bytes`)
})
