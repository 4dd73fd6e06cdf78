import { bytesOf } from '../log/entry.ts'
import { getU64, setU64 } from '../log/layout.ts'
import { isKept, MEMORY_BASE } from '../log/memory-area.ts'
import type { Decided, Prepared } from '../prepared/table.ts'
import type { QueueRow } from '../queue/queue-row.ts'
import type { WaitingList } from '../queue/waiting-list.ts'
import type { HeldBatch } from './batches.ts'
import { readRows, rowBlocks, type StoredRow } from './checkpoint-rows.ts'
import type { EngineQueue } from './engine-queue.ts'
import type { LifeSpan } from './life-spans.ts'
import { readOptions, type StoredQueueOptions } from './queue-options.ts'
import type { State } from './state.ts'

/*
 * Blocks of a checkpoint (docs/storage.md). A block's first byte says what it is:
 *   1  JSON { nextId, nextQueue }
 *   2  JSON { number, name, options, spans, reach, expiring }    a queue, before its rows
 *   3  | kind 1 | priority 1 | 0 2 | queue 4 | n × ( id 8 | position 8 | size 4 | key 4 ) |
 *   4  | kind 1 | priority 1 | 0 2 | queue 4 | n × row |
 *      3: rows that just wait; 4: those that are more than waiting, see checkpoint-rows.ts
 *   8  | kind 1 | 0 7 | records, as in a record entry |
 *   5  JSON [...]  batches not ended    6  JSON [...]  prepared transactions    7  decided ones
 */
const COUNTERS = 1
const QUEUE_HEAD = 2
const WAITING_ROWS = 3
const TRACKED_ROWS = 4

const BATCHES = 5
const PREPARED = 6
const DECIDED = 7
const RECORDS = 8

const HELD_PER_BLOCK = 256
const ROWS_PER_BLOCK = 8_192
const ROW_BYTES = 24
const ROWS_HEADER_BYTES = 8
const RECORDS_HEADER_BYTES = 8

/**
 * The state as blocks. It goes on changing while they are taken: what comes after the position of
 * the checkpoint is applied again at start, and applying twice is harmless. Waiting rows go first:
 * a row can leave the waiting list meanwhile, never come back into it.
 */
export function* encodeState(state: State): Generator<Uint8Array> {
  // In one step, and before the queues: what ends meanwhile is then in a queue, or settled there.
  const held = [...heldBlocks(state)]
  yield json(COUNTERS, {
    nextId: state.nextId,
    nextQueue: state.nextQueue,
    nextBatch: state.batches.nextNumber,
  })
  yield* held
  yield* state.records.blocks(recordsHead())
  for (const queue of [...state.queues.values()]) {
    const { number, name, options, spans, reach, expiring } = queue
    yield json(QUEUE_HEAD, { number, name, options, spans, reach, expiring })
    yield* waitingBlocks(queue)
    yield* trackedBlocks(queue)
  }
}

function recordsHead(): Uint8Array {
  const head = new Uint8Array(RECORDS_HEADER_BYTES)
  head[0] = RECORDS
  return head
}

function* heldBlocks({ batches }: State): Generator<Uint8Array> {
  for (const batch of batches.values()) yield json(BATCHES, [batch])
  for (const some of pages([...batches.table.values()], HELD_PER_BLOCK)) yield json(PREPARED, some)
  for (const some of pages([...batches.table.decisions()], HELD_PER_BLOCK)) {
    yield json(DECIDED, some)
  }
}

function* pages<T>(all: readonly T[], size: number): Generator<readonly T[]> {
  for (let from = 0; from < all.length; from += size) yield all.slice(from, from + size)
}

function* waitingBlocks(queue: EngineQueue): Generator<Uint8Array> {
  for (const list of [...queue.waiting.lists]) yield* blocksOf(list, queue.number)
}

function* blocksOf(list: WaitingList, queue: number): Generator<Uint8Array> {
  // No more than there is: with thousands of queues most are empty or nearly so.
  const rows = Math.min(ROWS_PER_BLOCK, list.length)
  if (rows === 0) return
  const memory = new Uint8Array(ROWS_HEADER_BYTES + rows * ROW_BYTES)
  memory.set(rowsHead(WAITING_ROWS, list.level, queue))
  const { bytes, view } = bytesOf(memory)
  let lastId = 0
  let at = ROWS_HEADER_BYTES
  const write = (id: number, position: number, size: number, key: number) => {
    lastId = id
    if (position >= MEMORY_BASE) return
    setU64(view, at, id)
    setU64(view, at + 8, position)
    view.setUint32(at + 16, size, true)
    view.setUint32(at + 20, key, true)
    at += ROW_BYTES
  }
  while (list.eachAfter(lastId, rows, write) > 0) {
    // Written before the next one is asked for, which uses the same memory.
    if (at > ROWS_HEADER_BYTES) yield bytes.subarray(0, at)
    at = ROWS_HEADER_BYTES
  }
}

function* trackedBlocks(queue: EngineQueue): Generator<Uint8Array> {
  const byPriority = Map.groupBy(queue.rows.values(), ({ priority }) => priority)
  for (const [priority, rows] of byPriority) {
    yield* rowBlocks(rowsHead(TRACKED_ROWS, priority, queue.number), storedRows(rows), rows.length)
  }
}

function rowsHead(kind: number, priority: number, queue: number): Uint8Array {
  const { bytes, view } = bytesOf(new Uint8Array(ROWS_HEADER_BYTES))
  view.setUint8(0, kind)
  view.setUint8(1, priority)
  view.setUint32(4, queue, true)
  return bytes
}

function* storedRows(rows: readonly QueueRow[]): Generator<StoredRow> {
  for (const row of rows) if (!isKept(row)) yield storedRow(row)
}

/** What only this life of the broker knows (who has the row, whose key it holds) is left out. */
function storedRow(row: QueueRow): StoredRow {
  const state = row.state === 'delayed' || row.state === 'parked' ? row.state : 'ready'
  return { ...row, state, exact: false, requeued: 0, gated: false, consumer: 0 }
}

/** Takes one block into the state. */
export function decodeBlock(state: State, block: Uint8Array): void {
  switch (block[0]) {
    case COUNTERS:
      return decodeCounters(state, block)
    case QUEUE_HEAD:
      return decodeQueue(state, block)
    case WAITING_ROWS:
      return decodeWaiting(state, block)
    case TRACKED_ROWS:
      return decodeTracked(state, block)
    case BATCHES:
      for (const batch of parse<HeldBatch[]>(block)) state.batches.restore(batch)
      return
    case PREPARED:
      for (const one of parse<Prepared[]>(block)) state.batches.table.add(one)
      return
    case DECIDED:
      for (const one of parse<Decided[]>(block)) state.batches.table.remember(one)
      return
    case RECORDS:
      return state.records.restore(block, RECORDS_HEADER_BYTES)
    default:
      throw new RangeError(`Reading the checkpoint: block of kind ${block[0]} unknown`)
  }
}

function decodeCounters(state: State, block: Uint8Array): void {
  const counters = parse<{ nextId: number; nextQueue: number; nextBatch?: number }>(block)
  state.nextId = counters.nextId
  state.nextQueue = counters.nextQueue
  state.batches.nextNumber = counters.nextBatch ?? 1
}

interface QueueHead {
  number: number
  name: string
  options: StoredQueueOptions
  spans?: LifeSpan[]
  reach: number
  expiring?: boolean
}

function decodeQueue(state: State, block: Uint8Array): void {
  const { number, name, options, spans = [], reach, expiring } = parse<QueueHead>(block)
  const queue = state.addQueue(number, name, readOptions(options))
  queue.change(queue.options, spans)
  queue.expiring = expiring ?? false
  queue.reach = reach
  queue.reachAsked = reach
}

function decodeWaiting(state: State, block: Uint8Array): void {
  const { view } = bytesOf(block)
  const queue = state.queues.get(view.getUint32(4, true))
  if (queue === undefined) return
  for (let at = ROWS_HEADER_BYTES; at < block.length; at += ROW_BYTES) {
    const position = getU64(view, at + 8)
    const size = view.getUint32(at + 16, true)
    queue.add(getU64(view, at), position, size, view.getUint32(at + 20, true), 0, block[1]!)
    state.live.add(position, size, 1)
  }
}

function decodeTracked(state: State, block: Uint8Array): void {
  const queue = state.queues.get(bytesOf(block).view.getUint32(4, true))
  if (queue === undefined) return
  for (const row of readRows(block, ROWS_HEADER_BYTES)) {
    row.priority = block[1]!
    // It was delivered between the two kinds of block.
    if (queue.waiting.has(row.id)) state.drop(queue, row.id)
    state.restoreRow(queue, row)
  }
}

function json(kind: number, value: unknown): Uint8Array {
  return Buffer.concat([Buffer.of(kind), Buffer.from(JSON.stringify(value))])
}

function parse<T>(block: Uint8Array): T {
  return JSON.parse(Buffer.from(block.subarray(1)).toString()) as T
}
