import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Confirms } from './confirms.ts'

/** What a client knows: numbers it was told of, each exactly once. */
class Client {
  readonly told = new Map<number, 'ack' | 'nack'>()
  frames = 0
  readonly #published: () => number

  constructor(published: () => number) {
    this.#published = published
  }

  ack(tag: number, multiple: boolean): void {
    this.frames++
    assert.ok(tag <= this.#published(), 'an ack of something not published')
    const from = multiple ? 1 : tag
    let news = 0
    for (let each = from; each <= tag; each++) {
      if (this.told.has(each)) continue
      this.told.set(each, 'ack')
      news++
    }
    assert.ok(news > 0, 'an ack that says nothing')
  }

  nack(tag: number): void {
    this.frames++
    assert.ok(!this.told.has(tag))
    this.told.set(tag, 'nack')
  }
}

test('stored in order, they are told by one frame', () => {
  const confirms = new Confirms()
  const client = new Client(() => confirms.last)
  for (let n = 0; n < 1_000; n++) confirms.stored(confirms.next())
  confirms.flush(client)
  assert.deepEqual([client.frames, client.told.size, confirms.open], [1, 1_000, 0])
})

test('a refused one is told by its own frame, and no ack covers it', () => {
  const confirms = new Confirms()
  const client = new Client(() => confirms.last)
  for (let n = 0; n < 3; n++) confirms.next()
  confirms.stored(1)
  confirms.refused(2)
  confirms.stored(3)
  confirms.flush(client)
  assert.deepEqual([...client.told].sort(), [
    [1, 'ack'],
    [2, 'nack'],
    [3, 'ack'],
  ])
})

test('each publish is told exactly once, as it ended, in whatever order they end', () => {
  let seed = 7
  const below = (n: number) => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0
    return Math.floor((seed / 2 ** 32) * n)
  }
  const confirms = new Confirms()
  const client = new Client(() => confirms.last)
  const pending: number[] = []
  const expected = new Map<number, 'ack' | 'nack'>()
  for (let step = 0; step < 20_000; step++) {
    const what = below(10)
    if (what < 5) pending.push(confirms.next())
    else if (what < 9 && pending.length > 0) {
      const [tag] = pending.splice(below(Math.min(pending.length, 20)), 1)
      const ended = below(10) === 0 ? 'nack' : 'ack'
      expected.set(tag!, ended)
      if (ended === 'ack') confirms.stored(tag!)
      else confirms.refused(tag!)
    } else confirms.flush(client)
  }
  for (const tag of pending) {
    expected.set(tag, 'ack')
    confirms.stored(tag)
  }
  confirms.flush(client)
  assert.deepEqual([...client.told].sort(byNumber), [...expected].sort(byNumber))
  assert.equal(confirms.open, 0)
  assert.ok(client.frames < expected.size)
})

function byNumber([one]: [number, unknown], [other]: [number, unknown]): number {
  return one - other
}
