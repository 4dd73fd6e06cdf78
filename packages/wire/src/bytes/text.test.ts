import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isUtf8, lossyTextOf, TextCache, textOf } from './text.ts'
import { ByteWriter } from './writer.ts'

const TEXTS = ['', 'a', 'a\0b', 'x'.repeat(64), 'x'.repeat(65), 'ü', '虎符', 'a🐯', '\ufeffbom']
const ILL_FORMED = [[0xff], [0x61, 0xc3], [0xc0, 0x80], [0xed, 0xa0, 0x80]].map((bytes) => {
  return new Uint8Array(bytes)
})

test('text is written and read as UTF-8', () => {
  const cache = new TextCache()
  for (const text of TEXTS) {
    const into = new ByteWriter(new Uint8Array(0))
    into.u8(9)
    into.text(text)
    const bytes = into.written()
    assert.deepEqual(Buffer.from(bytes.subarray(1)), Buffer.from(text))
    assert.equal(textOf(bytes, 1, bytes.length), text)
    assert.equal(lossyTextOf(bytes, 1, bytes.length), text)
    assert.equal(isUtf8(bytes, 1, bytes.length), true)
    for (const _ of [1, 2]) assert.equal(cache.textOf(bytes, 1, bytes.length), text)
  }
})

test('bytes that are not UTF-8 are no text', () => {
  const cache = new TextCache()
  for (const bytes of ILL_FORMED) {
    assert.equal(textOf(bytes, 0, bytes.length), undefined)
    assert.equal(isUtf8(bytes, 0, bytes.length), false)
    assert.equal(cache.textOf(bytes, 0, bytes.length), undefined)
    assert.match(lossyTextOf(bytes, 0, bytes.length), /\ufffd/)
  }
})

test('a cached text is not found by bytes that are not its UTF-8', () => {
  const cache = new TextCache(1)
  assert.equal(cache.textOf(Buffer.from('aü'), 0, 3), 'aü')
  assert.equal(cache.textOf(Buffer.from('aü', 'latin1'), 0, 2), undefined)
})

test('a cache of one slot still tells all texts apart', () => {
  const cache = new TextCache(1)
  for (let round = 0; round < 3; round++) {
    for (const text of [...TEXTS, 'ab', 'ba', 'xx']) {
      const bytes = Buffer.from(text)
      assert.equal(cache.textOf(bytes, 0, bytes.length), text)
    }
  }
})
