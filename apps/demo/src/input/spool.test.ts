import assert from 'node:assert/strict'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { test } from 'node:test'
import type { Line } from './line-splitter.ts'
import { readLine } from './read-line.ts'
import { comingLines, spool, storedLines } from './spool.ts'

async function folder(t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'hufu-spool-'))
  t.after(() => rm(dir, { recursive: true }))
  return dir
}

async function all(lines: AsyncIterable<Line>): Promise<Line[]> {
  const found: Line[] = []
  for await (const line of lines) found.push({ ...line, bytes: Buffer.from(line.bytes) })
  return found
}

const START = { number: 0, end: 0 }

test('what is spooled reads like the input, from the start and after any line', async (t) => {
  const dir = await folder(t)
  const texts = ['{"id":"o1"}\r', '', 'x'.repeat(200_000), 'last']
  const spooled = { lines: 0, complete: false }
  await spool([Buffer.from(texts.join('\n'))], dir, spooled)
  assert.deepEqual(spooled, { lines: 4, complete: true })
  const lines = await all(comingLines(dir, START))
  assert.deepEqual(
    lines.map((line) => readLine(line)),
    [
      { kind: 'bad', reason: 'id must be a string' },
      { kind: 'empty' },
      { kind: 'bad', reason: 'longer than 65536 bytes' },
      { kind: 'bad', reason: 'not valid JSON' },
    ].map((reading, at) =>
      at === 0 ? { kind: 'bad', reason: 'userId must be a string' } : reading,
    ),
  )
  assert.deepEqual(await all(storedLines(dir)), lines)
  for (const after of lines) {
    assert.deepEqual(await all(comingLines(dir, after)), lines.slice(after.number))
  }
})

test('a line of many MiB leaves 64 KiB on the disk', async (t) => {
  const dir = await folder(t)
  const chunks = Array.from({ length: 32 }, () => Buffer.alloc(1024 * 1024, 'x'))
  await spool([...chunks, Buffer.from('\nnext')], dir, { lines: 0, complete: false })
  assert.ok((await stat(join(dir, 'orders.jsonl'))).size < 70_000)
  assert.equal((await all(comingLines(dir, START))).length, 2)
})

test('a reader waits for lines that come later and ends with the input', async (t) => {
  const dir = await folder(t)
  let more = (_: unknown) => {}
  const gate = new Promise((resolve) => {
    more = resolve
  })
  async function* input() {
    yield Buffer.from('one\ntw')
    await gate
    yield Buffer.from('o\nthree')
  }
  const writing = spool(input(), dir, { lines: 0, complete: false })
  const seen: string[] = []
  const waits: boolean[] = []
  const note = (waiting: boolean) => {
    if (waiting && !waits.includes(true)) more(undefined)
    waits.push(waiting)
  }
  await new Promise((resolve) => setTimeout(resolve, 50))
  for await (const line of comingLines(dir, START, note)) seen.push(line.bytes.toString())
  await writing
  assert.deepEqual(seen, ['one', 'two', 'three'])
  assert.ok(waits.includes(true))
})

test('what an aborted spool has stored can be read without waiting', async (t) => {
  const dir = await folder(t)
  const controller = new AbortController()
  async function* input() {
    yield Buffer.from('one\ntwo\nthr')
    controller.abort(new Error('enough'))
    yield Buffer.from('ee\n')
  }
  const spooled = { lines: 0, complete: false }
  await assert.rejects(spool(input(), dir, spooled, controller.signal), /enough/)
  assert.deepEqual(spooled, { lines: 2, complete: false })
  const texts = (await all(storedLines(dir))).map((line) => line.bytes.toString())
  assert.deepEqual(texts, ['one', 'two'])
})
