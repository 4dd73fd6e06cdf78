import type { CommitLog } from '../log/commit-log.ts'
import type { EntryView } from '../log/entry.ts'
import { ENTRY_HEADER_BYTES, getU64, setU64 } from '../log/layout.ts'

/*
 * What the engine's entries hold behind the entry header (docs/storage.md). aux is the number of
 * the
 * queue, for a message the count of its queues.
 *
 *   message  | id 8 | time 6 | priority 1 | codec 1 | key 4 | properties length 4 | queue 4 × aux
 *            | due 8 ? | expires 8 ? | batch 8 ? | origin length 4, origin ? | properties | body |
 *   settle   | id 8 × n |                                        flags: why
 *   return   | id 8 | due 8 | attempts 4 | state 1 | 0 1 | cause length 2 | cause | × n
 *   queue    | JSON { name, options } |                           flags: 1 = deleted
 *   reach    | id 8 |
 */
export const MESSAGE = 16
export const SETTLE = 17
export const RETURN = 18
export const QUEUE = 19
export const REACH = 20

/** Flags of a message entry: which optional fields follow. */
const HAS_DUE = 1
const HAS_EXPIRES = 2
const HAS_BATCH = 4
const HAS_ORIGIN = 8
/** A copy of a message that is known already, made to free an old segment. */
export const MOVED = 16

export const QUEUE_DELETED = 1

/** Why a message is settled; the flags of a settle entry. */
export const SETTLED = { done: 0, removed: 1, damaged: 2 } as const

const TIME_HIGH = 2 ** 32
const FIXED_BYTES = 24
const RETURN_FIXED_BYTES = 24
const RETURN_STATES = ['ready', 'delayed', 'parked'] as const
export type ReturnState = (typeof RETURN_STATES)[number]

/** A message as it is to be written. */
export interface NewMessage {
  id: number
  /** Broker time at which it was taken, ms. */
  time: number
  key: number
  queues: readonly number[]
  /** 0 = not delayed. */
  dueAt: number
  properties: Uint8Array
  body: Uint8Array
  /** Whence it was dead-lettered, as JSON; written in the same entry, hence atomic with it. */
  origin?: Uint8Array
}

/** Bytes that a message takes in the log. */
export function messageBytes(message: NewMessage): number {
  const { queues, dueAt, origin, properties, body } = message
  const optional = (dueAt > 0 ? 8 : 0) + (origin === undefined ? 0 : 4 + origin.length)
  const fixed = ENTRY_HEADER_BYTES + FIXED_BYTES + 4 * queues.length
  return fixed + optional + properties.length + body.length
}

export function appendMessage(log: CommitLog, message: NewMessage): void {
  const { id, time, key, queues, dueAt, properties, body, origin } = message
  const flags = (dueAt > 0 ? HAS_DUE : 0) | (origin === undefined ? 0 : HAS_ORIGIN)
  const payload = messageBytes(message) - ENTRY_HEADER_BYTES
  let at = log.append(MESSAGE, flags, queues.length, payload)
  const { bytes, view } = log.block
  setU64(view, at, id)
  view.setUint32(at + 8, time >>> 0, true)
  view.setUint32(at + 12, (time / TIME_HIGH) & 0xffff, true)
  view.setUint32(at + 16, key, true)
  view.setUint32(at + 20, properties.length, true)
  at += FIXED_BYTES
  for (const queue of queues) {
    view.setUint32(at, queue, true)
    at += 4
  }
  if (dueAt > 0) {
    setU64(view, at, dueAt)
    at += 8
  }
  if (origin !== undefined) {
    view.setUint32(at, origin.length, true)
    bytes.set(origin, at + 4)
    at += 4 + origin.length
  }
  bytes.set(properties, at)
  bytes.set(body, at + properties.length)
}

/** Where the parts of a message entry are; one object, loaded anew for each entry. */
export interface MessageView {
  id: number
  time: number
  key: number
  /** Offset of the first queue number; there are `entry.aux`. */
  queuesAt: number
  dueAt: number
  originAt: number
  originBytes: number
  propertiesAt: number
  bodyAt: number
  end: number
}

export function emptyMessageView(): MessageView {
  return {
    id: 0,
    time: 0,
    key: 0,
    queuesAt: 0,
    dueAt: 0,
    originAt: 0,
    originBytes: 0,
    propertiesAt: 0,
    bodyAt: 0,
    end: 0,
  }
}

export function loadMessage(entry: EntryView, message: MessageView): void {
  const { view, flags } = entry
  let at = entry.offset + ENTRY_HEADER_BYTES
  message.id = getU64(view, at)
  message.time = view.getUint32(at + 8, true) + view.getUint16(at + 12, true) * TIME_HIGH
  message.key = view.getUint32(at + 16, true)
  const propertiesBytes = view.getUint32(at + 20, true)
  message.queuesAt = at + FIXED_BYTES
  at = message.queuesAt + 4 * entry.aux
  message.dueAt = 0
  if (flags & HAS_DUE) {
    message.dueAt = getU64(view, at)
    at += 8
  }
  if (flags & HAS_EXPIRES) at += 8
  if (flags & HAS_BATCH) at += 8
  message.originBytes = 0
  if (flags & HAS_ORIGIN) {
    message.originBytes = view.getUint32(at, true)
    message.originAt = at + 4
    at += 4 + message.originBytes
  }
  message.propertiesAt = at
  message.bodyAt = at + propertiesBytes
  message.end = entry.offset + entry.length
}

/** Writes an entry once more, further on in the log, marked as a copy. */
export function appendMoved(log: CommitLog, entry: EntryView): void {
  const from = entry.offset + ENTRY_HEADER_BYTES
  const payload = entry.bytes.subarray(from, entry.offset + entry.length)
  const at = log.append(MESSAGE, entry.flags | MOVED, entry.aux, payload.length)
  log.block.bytes.set(payload, at)
}

export function appendSettle(
  log: CommitLog,
  queue: number,
  ids: readonly number[],
  why: number = SETTLED.done,
): void {
  const at = log.append(SETTLE, why, queue, ids.length * 8)
  const { view } = log.block
  for (let i = 0; i < ids.length; i++) setU64(view, at + i * 8, ids[i]!)
}

export function eachSettled(entry: EntryView, visit: (id: number) => void): void {
  const end = entry.offset + entry.length
  for (let at = entry.offset + ENTRY_HEADER_BYTES; at < end; at += 8) visit(getU64(entry.view, at))
}

export interface NewReturn {
  id: number
  state: ReturnState
  attempts: number
  dueAt: number
  cause: string
}

export function appendReturns(log: CommitLog, queue: number, items: readonly NewReturn[]): void {
  const causes = items.map((item) => Buffer.from(item.cause))
  const size = causes.reduce((sum, cause) => sum + RETURN_FIXED_BYTES + cause.length, 0)
  let at = log.append(RETURN, 0, queue, size)
  const { bytes, view } = log.block
  for (const [i, item] of items.entries()) {
    const cause = causes[i]!
    setU64(view, at, item.id)
    setU64(view, at + 8, item.dueAt)
    view.setUint32(at + 16, item.attempts, true)
    view.setUint8(at + 20, RETURN_STATES.indexOf(item.state))
    view.setUint8(at + 21, 0)
    view.setUint16(at + 22, cause.length, true)
    bytes.set(cause, at + RETURN_FIXED_BYTES)
    at += RETURN_FIXED_BYTES + cause.length
  }
}

export function eachReturn(entry: EntryView, visit: (item: NewReturn) => void): void {
  const { view, bytes } = entry
  const end = entry.offset + entry.length
  for (let at = entry.offset + ENTRY_HEADER_BYTES; at < end; ) {
    const causeBytes = view.getUint16(at + 22, true)
    const causeAt = at + RETURN_FIXED_BYTES
    visit({
      id: getU64(view, at),
      dueAt: getU64(view, at + 8),
      attempts: view.getUint32(at + 16, true),
      state: RETURN_STATES[view.getUint8(at + 20)] ?? 'parked',
      cause: text(bytes, causeAt, causeAt + causeBytes),
    })
    at = causeAt + causeBytes
  }
}

export function appendJson(
  log: CommitLog,
  type: number,
  flags: number,
  aux: number,
  value: unknown,
) {
  const payload = Buffer.from(JSON.stringify(value))
  const at = log.append(type, flags, aux, payload.length)
  log.block.bytes.set(payload, at)
}

export function readJson(entry: EntryView): unknown {
  const from = entry.offset + ENTRY_HEADER_BYTES
  return JSON.parse(text(entry.bytes, from, entry.offset + entry.length))
}

export function appendReach(log: CommitLog, queue: number, id: number): void {
  const at = log.append(REACH, 0, queue, 8)
  setU64(log.block.view, at, id)
}

export function readReach(entry: EntryView): number {
  return getU64(entry.view, entry.offset + ENTRY_HEADER_BYTES)
}

function text(bytes: Uint8Array, from: number, to: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString()
}
