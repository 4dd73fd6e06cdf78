import { tokenOf } from '../worker/body.ts'
import type { Files } from './memory-disk.ts'

/*
 * Reads a whole log by its documented layout, with no code of the broker and without checksums: so
 * it says what must be found in a damaged copy.
 */
const SEGMENT_HEADER_BYTES = 64
const GROUP_HEADER_BYTES = 40
const ENTRY_HEADER_BYTES = 16
const GROUP_MAGIC = 0x4748
const HAS_DUE = 1
const HAS_ORIGIN = 8
const MESSAGE = 16
const SETTLE = 17

export interface Stretch {
  /** Positions in the whole log; `end` is behind the last byte. */
  readonly start: number
  readonly end: number
}

export interface Segment extends Stretch {
  readonly path: string
  readonly bytes: Uint8Array
}

/** What an entry does to the set of messages that are there. */
export type Effect =
  | { kind: 'message'; id: number; queues: number[]; token: string; leaves?: [number, number] }
  | { kind: 'settle'; queue: number; ids: number[] }
  | { kind: 'none' }

export interface Entry extends Stretch {
  /** `end` and the zeros behind it. */
  readonly paddedEnd: number
  readonly group: Group
  readonly effect: Effect
}

export interface Group extends Stretch {
  readonly entries: Entry[]
}

export interface LogMap {
  readonly segments: readonly Segment[]
  readonly groups: readonly Group[]
  readonly entries: readonly Entry[]
  /** Behind the last group. */
  readonly end: number
  /** Entries before it are in the newest checkpoint and are not read at a start. */
  readonly checkpoint: number
}

export function readLog(files: Files): LogMap {
  const segments = segmentsOf(files)
  const groups = segments.flatMap(groupsOf)
  const entries = groups.flatMap((group) => group.entries)
  return { segments, groups, entries, end: groups.at(-1)!.end, checkpoint: checkpointOf(files) }
}

function segmentsOf(files: Files): Segment[] {
  const names = [...files].filter(([path]) => /\/[0-9a-f]{14}\.seg$/.test(path))
  const all = names.map(([path, bytes]) => {
    const start = Number.parseInt(path.slice(path.lastIndexOf('/') + 1), 16)
    return { path, bytes, start, end: start + bytes.length }
  })
  return all.sort((a, b) => a.start - b.start)
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function u64(view: DataView, at: number): number {
  return Number(view.getBigUint64(at, true))
}

function groupsOf({ bytes, start: base }: Segment): Group[] {
  const view = viewOf(bytes)
  const groups: Group[] = []
  for (let at = SEGMENT_HEADER_BYTES; at + GROUP_HEADER_BYTES <= bytes.length; ) {
    if (view.getUint16(at + 4, true) !== GROUP_MAGIC) break
    const end = at + view.getUint32(at + 8, true)
    const group: Group = { start: base + at, end: base + end, entries: [] }
    for (let next = at + GROUP_HEADER_BYTES; next < end; ) {
      const entry = entryAt(bytes, view, next, base, group)
      group.entries.push(entry)
      next = entry.paddedEnd - base
    }
    groups.push(group)
    at = end
  }
  return groups
}

function entryAt(bytes: Uint8Array, view: DataView, at: number, base: number, group: Group): Entry {
  const length = view.getUint32(at + 8, true)
  const paddedEnd = base + at + Math.ceil(length / 8) * 8
  const effect = effectOf(bytes.subarray(at, at + length))
  return { start: base + at, end: base + at + length, paddedEnd, group, effect }
}

function effectOf(entry: Uint8Array): Effect {
  const view = viewOf(entry)
  const aux = view.getUint32(12, true)
  const type = entry[6]
  if (type === MESSAGE) return messageOf(entry, view, aux)
  if (type !== SETTLE) return { kind: 'none' }
  const ids: number[] = []
  for (let at = ENTRY_HEADER_BYTES; at < entry.length; at += 8) ids.push(u64(view, at))
  return { kind: 'settle', queue: aux, ids }
}

function messageOf(entry: Uint8Array, view: DataView, count: number): Effect {
  const flags = entry[7]!
  const propertiesBytes = view.getUint32(ENTRY_HEADER_BYTES + 20, true)
  let at = ENTRY_HEADER_BYTES + 24
  const queues = Array.from({ length: count }, (_, i) => view.getUint32(at + 4 * i, true))
  at += 4 * count + (flags & HAS_DUE ? 8 : 0)
  let origin: { number: number; id: number } | undefined
  if (flags & HAS_ORIGIN) {
    const bytes = view.getUint32(at, true)
    origin = JSON.parse(Buffer.from(entry.subarray(at + 4, at + 4 + bytes)).toString())
    at += 4 + bytes
  }
  const token = tokenOf(entry.subarray(at + propertiesBytes))
  const message = { kind: 'message', id: u64(view, ENTRY_HEADER_BYTES), queues, token } as const
  return origin === undefined ? message : { ...message, leaves: [origin.number, origin.id] }
}

/** Position of the newest of the two checkpoints; 0 when there is none. */
function checkpointOf(files: Files): number {
  let newest = { sequence: 0, position: 0 }
  for (const [path, bytes] of files) {
    if (!/\/checkpoint-[ab]$/.test(path)) continue
    const view = viewOf(bytes)
    const sequence = u64(view, 16)
    if (sequence > newest.sequence) newest = { sequence, position: u64(view, 24) }
  }
  return newest.position
}

/** Messages that are there when these entries are applied: `queue number / id` → token. */
export function messagesAfter(entries: readonly Entry[]): Map<string, string> {
  const there = new Map<string, string>()
  for (const { effect } of entries) {
    if (effect.kind === 'settle') {
      for (const id of effect.ids) there.delete(`${effect.queue}/${id}`)
    }
    if (effect.kind !== 'message') continue
    if (effect.leaves !== undefined) there.delete(effect.leaves.join('/'))
    for (const queue of effect.queues) there.set(`${queue}/${effect.id}`, effect.token)
  }
  return there
}
