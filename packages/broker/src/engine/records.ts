import type { CommitLog } from '../log/commit-log.ts'
import type { Bytes, EntryView } from '../log/entry.ts'
import { ENTRY_HEADER_BYTES, getU64, setU64 } from '../log/layout.ts'

/*
 * What the engine's entries hold behind the entry header (docs/storage.md). aux is the number of
 * the
 * queue, for a message the count of its queues.
 *
 *   message  | id 8 | time 6 | priority 1 | codec 1 | key 4 | properties length 4 | queue 4 × aux
 *            | due 8 ? | expires 8 ? | batch 8 ? | origin length 4, origin ? | properties | body |
 *   settle   | id 8 × n |                                        flags: why
 *   return   | id 8 | due 8 | attempts 4 | state 1 | crashes 1 | cause length 2 | cause | × n
 *   queue    | JSON { name, options } |       flags: 1 = deleted, 2 = changed: { options, spans }
 *   reach    | id 8 |
 *   end      | batch 8 | first id 8 |                          flags: 1 = commit, else rolled back
 *   prepare  | JSON |        checked  | JSON |                   of a transaction that is prepared
 *
 * A message with a batch number, and every other entry with the flag 0x80 (its payload then begins
 * with the batch number, 8), takes effect only with the batch's end entry; the messages then get
 * the ids from the first id on.
 */
export const MESSAGE = 16
export const SETTLE = 17
export const RETURN = 18
export const QUEUE = 19
export const REACH = 20
export const END = 21
export const PREPARE = 22
export const CHECKED = 23

/** Flags of a message entry: which optional fields follow. */
const HAS_DUE = 1
const HAS_EXPIRES = 2
const HAS_BATCH = 4
const HAS_ORIGIN = 8
/** A copy of a message that is known already, made to free an old segment. */
export const MOVED = 16

export const QUEUE_DELETED = 1
export const QUEUE_CHANGED = 2

const END_COMMIT = 1

/** Flag of an entry that takes effect with its batch; of a message: HAS_BATCH. */
const IN_BATCH = 0x80
const BATCH_BYTES = 8

/** Why a message is settled; the flags of a settle entry. */
export const SETTLED = { done: 0, removed: 1, damaged: 2, dropped: 3 } as const

const TIME_HIGH = 2 ** 32
const FIXED_BYTES = 24
const RETURN_FIXED_BYTES = 24
const RETURN_STATES = ['ready', 'delayed', 'parked'] as const
/** Flag beside the state of a return. */
const LASTING = 0x80
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
  /** Broker time from which it is not delivered any more, ms; 0 = without end. */
  expiresAt: number
  /** 0 to 255, the higher the earlier. */
  priority: number
  properties: Uint8Array
  body: Uint8Array
  /** Whence it was dead-lettered, as JSON; written in the same entry, hence atomic with it. */
  origin?: Uint8Array
  /** Number of the batch with which it becomes visible; its id is then its number in the batch. */
  batch?: number
}

/**
 * Bytes that a message takes in the log; `targets`: its queues, where it does not have them yet.
 */
export function messageBytes(message: NewMessage, targets = message.queues.length): number {
  const { dueAt, expiresAt, origin, properties, body, batch } = message
  const numbers =
    (dueAt > 0 ? 8 : 0) + (expiresAt > 0 ? 8 : 0) + (batch === undefined ? 0 : BATCH_BYTES)
  const optional = numbers + (origin === undefined ? 0 : 4 + origin.length)
  const fixed = ENTRY_HEADER_BYTES + FIXED_BYTES + 4 * targets
  return fixed + optional + properties.length + body.length
}

/** What entries are appended to: the log, or what it keeps in memory. */
export type Appendable = Pick<CommitLog, 'append'> & { readonly block: Bytes }

export function appendMessage(log: Appendable, message: NewMessage, moved = 0): void {
  const payload = messageBytes(message) - ENTRY_HEADER_BYTES
  const flags = flagsOf(message) | moved
  const start = log.append(MESSAGE, flags, message.queues.length, payload)
  const at = writeOptional(log.block, writeFixed(log.block, start, message), message)
  const { bytes } = log.block
  const { properties, body } = message
  if (properties.length > 0) bytes.set(properties, at)
  bytes.set(body, at + properties.length)
}

function flagsOf({ dueAt, expiresAt, batch, origin }: NewMessage): number {
  const times = (dueAt > 0 ? HAS_DUE : 0) | (expiresAt > 0 ? HAS_EXPIRES : 0)
  return times | (batch === undefined ? 0 : HAS_BATCH) | (origin === undefined ? 0 : HAS_ORIGIN)
}

function writeFixed({ view }: Bytes, start: number, message: NewMessage): number {
  const { id, time, priority, key, queues, properties } = message
  setU64(view, start, id)
  view.setUint32(start + 8, time >>> 0, true)
  view.setUint32(start + 12, ((time / TIME_HIGH) & 0xffff) | (priority << 16), true)
  view.setUint32(start + 16, key, true)
  view.setUint32(start + 20, properties.length, true)
  let at = start + FIXED_BYTES
  for (const queue of queues) {
    view.setUint32(at, queue, true)
    at += 4
  }
  return at
}

function writeOptional({ bytes, view }: Bytes, start: number, message: NewMessage): number {
  const { dueAt, expiresAt, batch, origin } = message
  let at = start
  if (dueAt > 0) {
    setU64(view, at, dueAt)
    at += 8
  }
  if (expiresAt > 0) {
    setU64(view, at, expiresAt)
    at += 8
  }
  if (batch !== undefined) {
    setU64(view, at, batch)
    at += BATCH_BYTES
  }
  if (origin !== undefined) {
    view.setUint32(at, origin.length, true)
    bytes.set(origin, at + 4)
    at += 4 + origin.length
  }
  return at
}

/** Where the parts of a message entry are; one object, loaded anew for each entry. */
export interface MessageView {
  id: number
  time: number
  key: number
  /** Offset of the first queue number; there are `entry.aux`. */
  queuesAt: number
  dueAt: number
  expiresAt: number
  priority: number
  /** 0 = none: visible by itself. */
  batch: number
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
    expiresAt: 0,
    priority: 0,
    batch: 0,
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
  message.priority = view.getUint8(at + 14)
  message.key = view.getUint32(at + 16, true)
  const propertiesBytes = view.getUint32(at + 20, true)
  message.queuesAt = at + FIXED_BYTES
  at = message.queuesAt + 4 * entry.aux
  message.dueAt = 0
  if (flags & HAS_DUE) {
    message.dueAt = getU64(view, at)
    at += 8
  }
  message.expiresAt = 0
  if (flags & HAS_EXPIRES) {
    message.expiresAt = getU64(view, at)
    at += 8
  }
  message.batch = 0
  if (flags & HAS_BATCH) {
    message.batch = getU64(view, at)
    at += BATCH_BYTES
  }
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

/**
 * The batch that the entry takes effect with; 0 = none: at once. Of a message see `MessageView`.
 */
export function batchOf(entry: EntryView): number {
  const inBatch = entry.type !== MESSAGE && (entry.flags & IN_BATCH) !== 0
  return inBatch ? getU64(entry.view, entry.offset + ENTRY_HEADER_BYTES) : 0
}

/** Where the payload proper of an entry begins. */
function payloadAt(entry: EntryView): number {
  return entry.offset + ENTRY_HEADER_BYTES + (entry.flags & IN_BATCH ? BATCH_BYTES : 0)
}

/** As `log.append`, within a batch when there is one; returns where the payload proper goes. */
function appendIn(log: CommitLog, batch: number, head: Head, payloadBytes: number): number {
  const { type, flags = 0, aux = 0 } = head
  if (batch === 0) return log.append(type, flags, aux, payloadBytes)
  const at = log.append(type, flags | IN_BATCH, aux, BATCH_BYTES + payloadBytes)
  setU64(log.block.view, at, batch)
  return at + BATCH_BYTES
}

interface Head {
  type: number
  flags?: number
  aux?: number
}

export function appendSettle(
  log: CommitLog,
  queue: number,
  ids: readonly number[],
  why: number = SETTLED.done,
  batch = 0,
): void {
  const head = { type: SETTLE, flags: why, aux: queue }
  const at = appendIn(log, batch, head, ids.length * 8)
  const { view } = log.block
  for (let i = 0; i < ids.length; i++) setU64(view, at + i * 8, ids[i]!)
}

export function eachSettled(entry: EntryView, visit: (id: number) => void): void {
  const end = entry.offset + entry.length
  for (let at = payloadAt(entry); at < end; at += 8) visit(getU64(entry.view, at))
}

export interface NewReturn {
  id: number
  state: ReturnState
  attempts: number
  /** Crashes in a row with it in delivery; at most 255 are counted. Default 0. */
  crashes?: number
  dueAt: number
  cause: string
  /** A person wants it delivered: it does not expire any more. Default false. */
  lasting?: boolean
}

export function appendReturns(
  log: CommitLog,
  queue: number,
  items: readonly NewReturn[],
  batch = 0,
): void {
  const causes = items.map((item) => Buffer.from(item.cause))
  const size = causes.reduce((sum, cause) => sum + RETURN_FIXED_BYTES + cause.length, 0)
  let at = appendIn(log, batch, { type: RETURN, aux: queue }, size)
  const { bytes, view } = log.block
  for (const [i, item] of items.entries()) {
    const cause = causes[i]!
    setU64(view, at, item.id)
    setU64(view, at + 8, item.dueAt)
    view.setUint32(at + 16, item.attempts, true)
    view.setUint8(at + 20, RETURN_STATES.indexOf(item.state) | (item.lasting ? LASTING : 0))
    view.setUint8(at + 21, Math.min(item.crashes ?? 0, 255))
    view.setUint16(at + 22, cause.length, true)
    bytes.set(cause, at + RETURN_FIXED_BYTES)
    at += RETURN_FIXED_BYTES + cause.length
  }
}

export function eachReturn(entry: EntryView, visit: (item: NewReturn) => void): void {
  const { view, bytes } = entry
  const end = entry.offset + entry.length
  for (let at = payloadAt(entry); at < end; ) {
    const causeBytes = view.getUint16(at + 22, true)
    const causeAt = at + RETURN_FIXED_BYTES
    visit({
      id: getU64(view, at),
      dueAt: getU64(view, at + 8),
      attempts: view.getUint32(at + 16, true),
      crashes: view.getUint8(at + 21),
      state: RETURN_STATES[view.getUint8(at + 20) & ~LASTING] ?? 'parked',
      lasting: (view.getUint8(at + 20) & LASTING) !== 0,
      cause: text(bytes, causeAt, causeAt + causeBytes),
    })
    at = causeAt + causeBytes
  }
}

export function appendJson(log: CommitLog, head: Head, value: unknown, batch = 0): void {
  const payload = Buffer.from(JSON.stringify(value))
  const at = appendIn(log, batch, head, payload.length)
  log.block.bytes.set(payload, at)
}

export function readJson(entry: EntryView): unknown {
  return JSON.parse(text(entry.bytes, payloadAt(entry), entry.offset + entry.length))
}

/** Makes a batch visible, its messages under ids from `firstId` on, or drops it. */
export function appendEnd(
  log: CommitLog,
  number: number,
  commit: boolean,
  firstId: number,
  batch = 0,
): void {
  const at = appendIn(log, batch, { type: END, flags: commit ? END_COMMIT : 0 }, 16)
  setU64(log.block.view, at, number)
  setU64(log.block.view, at + 8, firstId)
}

export function readEnd(entry: EntryView): { batch: number; commit: boolean; firstId: number } {
  const at = payloadAt(entry)
  const commit = (entry.flags & END_COMMIT) !== 0
  return { batch: getU64(entry.view, at), commit, firstId: getU64(entry.view, at + 8) }
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
