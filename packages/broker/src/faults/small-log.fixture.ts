import { World } from '../engine/world.fixture.ts'
import { bytesOf, emptyEntryView, readEntry, readGroupHeader } from '../log/entry.ts'
import { aligned, GROUP_HEADER_BYTES, SEGMENT_HEADER_BYTES } from '../log/layout.ts'
import { type ScanResult, scanSegment } from '../log/scan.ts'
import { type Folder, folderOf, worldOf } from './folder.fixture.ts'

const SEGMENT = '00000000000000.seg'

export interface Stretch {
  readonly start: number
  readonly end: number
}

export interface EntryAt extends Stretch {
  readonly type: number
  /** Of its group. */
  readonly group: Stretch
  /** Ids that the entry is about, for messages and settles of one. */
  readonly id: number
}

/** A whole log in one segment, taken apart. Offsets are positions, for the segment is the first. */
export interface SmallLog {
  readonly folder: Folder
  readonly segment: Uint8Array
  readonly log: number
  readonly groups: readonly Stretch[]
  readonly entries: readonly EntryAt[]
  readonly end: number
}

/** Some groups with messages, retries and settles of two lives; the last stop as asked for. */
export async function smallLog(stop: 'clean' | 'kill'): Promise<SmallLog> {
  const world = new World(9)
  const limits = { segmentBytesMin: 8 * 1024 }
  await world.open(limits)
  await world.do(world.broker.declareQueue('a', { retryFirstMs: 1, retryCapMs: 1 }))
  await work(world, 'first')
  await world.killAndOpen(limits)
  await work(world, 'second')
  if (stop === 'clean') await world.close()
  world.sim.kill()
  return takenApart(world)
}

async function work(world: World, name: string): Promise<void> {
  await world.publishAll('a', [`${name} 1`, `${name} 2 ${'x'.repeat(300)}`, `${name} 3`])
  const taker = world.take('a', { credit: 3 })
  await world.pass(20)
  const [one, two] = taker.seen
  await taker.settle({ id: one!.id, outcome: 'done' })
  await taker.settle({ id: two!.id, outcome: 'retry', cause: 'no luck' })
  await world.pass(20)
  await taker.close()
  await world.publishAll('a', [`${name} 4`, `${name} 5 ${'y'.repeat(200)}`])
}

function takenApart(world: World): SmallLog {
  const folder = folderOf(world)
  const segment = folder.get(SEGMENT)!
  const id = bytesOf(folder.get('manifest')!.slice(24, 40)).view
  const log = (id.getUint32(0, true) ^ id.getUint32(8, true)) >>> 0
  const groups: Stretch[] = []
  const entries: EntryAt[] = []
  const content = bytesOf(segment)
  let at = SEGMENT_HEADER_BYTES
  for (;;) {
    const header = readGroupHeader(content, at, at, log)
    if (header === undefined) break
    const group = { start: at, end: at + header.length }
    groups.push(group)
    for (at += GROUP_HEADER_BYTES; at < group.end; at = aligned(entries.at(-1)!.end)) {
      entries.push(entryAt(segment, at, header.incarnation, log, group))
    }
  }
  return { folder, segment, log, groups, entries, end: at }
}

function entryAt(
  segment: Uint8Array,
  at: number,
  incarnation: number,
  log: number,
  group: Stretch,
): EntryAt {
  const entry = emptyEntryView()
  if (!readEntry(bytesOf(segment), at, at, incarnation, log, entry)) {
    throw new Error(`Cannot take the log apart: no entry at ${at}`)
  }
  const id = entry.length >= 24 ? entry.view.getUint32(at + 16, true) : 0
  return { start: at, end: at + entry.length, type: entry.type, group, id }
}

/** What a start would find in this segment: the positions of the good entries, and the rest. */
export function scanned(
  small: SmallLog,
  segment: Uint8Array,
): { positions: number[]; result: ScanResult } {
  const positions: number[] = []
  const input = {
    content: bytesOf(segment),
    base: 0,
    from: SEGMENT_HEADER_BYTES,
    log: small.log,
    incarnation: 0,
    incarnationMax: 2,
    knownEnd: -1,
  }
  const result = scanSegment(input, (entry) => positions.push(entry.position))
  return { positions, result }
}

/** A machine with this log's folder, its segment replaced. */
export function worldWith(small: SmallLog, segment: Uint8Array): Promise<World> {
  return worldOf(new Map(small.folder).set(SEGMENT, segment))
}
