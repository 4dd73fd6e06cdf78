import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readRows, rowBlocks, type StoredRow } from './checkpoint-rows.ts'

const HEAD = Uint8Array.of(4, 0, 0, 0, 7, 0, 0, 0)
const LARGEST = Number.MAX_SAFE_INTEGER

function rowOf(id: number, more: Partial<StoredRow> = {}): StoredRow {
  const place = { id, position: id * 1_000, size: 100, key: 0, attempts: 0 }
  const life = { exact: false, gated: false, consumer: 0 }
  const fresh = {
    state: 'ready',
    dueAt: 0,
    history: [],
    redelivered: false,
    crashes: 0,
    requeued: 0,
    priority: 0,
    lasting: true,
  } as const
  return { ...place, ...fresh, ...life, ...more }
}

/** Through blocks and back; each block is copied, for its memory is used again. */
function stored(rows: readonly StoredRow[]): { rows: StoredRow[]; blocks: Uint8Array[] } {
  const blocks: Uint8Array[] = []
  for (const block of rowBlocks(HEAD, rows, rows.length)) blocks.push(block.slice())
  return { rows: blocks.flatMap((block) => [...readRows(block, HEAD.length)]), blocks }
}

test('every field of a row is kept, up to its largest value', () => {
  const rows = [
    rowOf(1),
    rowOf(2, { state: 'delayed', dueAt: LARGEST, attempts: 2 ** 32 - 1, redelivered: true }),
    rowOf(LARGEST, { position: LARGEST, size: 2 ** 32 - 1, key: 2 ** 32 - 1, crashes: 255 }),
    rowOf(4, { state: 'parked', history: [{ at: LARGEST, cause: '没有运气 💥' }] }),
    rowOf(5, { history: Array.from({ length: 10 }, (_, at) => ({ at, cause: 'x'.repeat(500) })) }),
    rowOf(6, { history: [{ at: 1, cause: '' }] }),
  ]
  assert.deepEqual(stored(rows).rows, rows)
})

test('more than 255 crashes in a row are kept as 255', () => {
  assert.equal(stored([rowOf(1, { crashes: 300 })]).rows[0]?.crashes, 255)
})

test('a row takes 40 bytes, and each of its causes 10 and its text', () => {
  const bytes = ({ blocks }: { blocks: Uint8Array[] }) => blocks[0]!.length - HEAD.length
  assert.equal(bytes(stored([rowOf(1), rowOf(2)])), 80)
  assert.equal(bytes(stored([rowOf(1, { history: [{ at: 1, cause: 'no luck' }] })])), 57)
})

test('many rows go to several blocks of bounded size, each with its head', () => {
  const rows = Array.from({ length: 20_000 }, (_, i) => {
    const history = Array.from({ length: i % 4 }, (_, n) => ({ at: n, cause: 'y'.repeat(i % 90) }))
    return rowOf(i + 1, { history })
  })
  const { rows: back, blocks } = stored(rows)
  assert.deepEqual(back, rows)
  assert.ok(blocks.length > 3)
  for (const block of blocks) {
    assert.deepEqual([...block.subarray(0, 8)], [...HEAD])
    assert.ok(block.length <= 256 * 1024)
  }
})

test('no rows are no block', () => {
  assert.deepEqual(stored([]).blocks, [])
})
