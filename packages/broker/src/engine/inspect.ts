import type { Peeked, QueueStats } from '../api.ts'
import { BrokerError } from '../errors.ts'
import type { QueueRow } from '../queue/queue-row.ts'
import { deliveryOf } from './deliver.ts'
import { demandOpen, demandQueue, type Engine, withEntry } from './engine.ts'
import type { EngineQueue } from './engine-queue.ts'
import { appendReturns, appendSettle, emptyMessageView, loadMessage, SETTLED } from './records.ts'

const PEEK_DEFAULT = 100
const PEEK_MAX = 1_000

interface Candidate {
  id: number
  position: number
  size: number
  row?: QueueRow
}

/** Messages in id order, without delivering them. */
export async function peek(
  engine: Engine,
  name: string,
  options: { limit?: number; afterId?: number },
): Promise<Peeked[]> {
  const doing = `Cannot look into queue ${name}`
  demandOpen(engine, doing)
  const queue = demandQueue(engine, name, doing)
  const limit = Math.min(options.limit ?? PEEK_DEFAULT, PEEK_MAX)
  if (!(Number.isInteger(limit) && limit > 0)) {
    const text = `limit is ${String(options.limit)}, not a whole number from 1`
    throw new BrokerError('ARGUMENT', `${doing}: ${text}`)
  }
  const found: Peeked[] = []
  for (const { id } of candidates(queue, options.afterId ?? 0, limit)) {
    const one = await peekOne(engine, queue, id)
    if (one !== undefined) found.push(one)
  }
  return found
}

/** Undefined when it went while others were read; its segment may be gone too. */
async function peekOne(engine: Engine, queue: EngineQueue, id: number) {
  for (;;) {
    const candidate = candidateOf(queue, id)
    if (candidate === undefined) return undefined
    try {
      return await peeked(engine, queue, candidate)
    } catch (error) {
      if (candidateOf(queue, id)?.position !== candidate.position) continue
      engine.warn(`Message ${id} of queue ${queue.name} cannot be read: ${String(error)}`)
      return withoutBody(queue, candidate)
    }
  }
}

function candidateOf(queue: EngineQueue, id: number): Candidate | undefined {
  const row = queue.rows.get(id)
  if (row !== undefined) return { id, position: row.position, size: row.size, row }
  const list = queue.waiting.find(id)
  return list && { id, position: list.position, size: list.size }
}

function candidates(queue: EngineQueue, afterId: number, limit: number): Candidate[] {
  const all: Candidate[] = queue.waiting.rowsAfter(afterId, limit)
  for (const row of queue.rows.values()) {
    const { id, position, size } = row
    if (id > afterId) all.push({ id, position, size, row })
  }
  return all.sort((a, b) => a.id - b.id).slice(0, limit)
}

async function peeked(engine: Engine, queue: EngineQueue, candidate: Candidate): Promise<Peeked> {
  const { position, size } = candidate
  const known = withoutBody(queue, candidate)
  const message = emptyMessageView()
  let result = known
  await withEntry(engine, position, size, (entry) => {
    loadMessage(entry, message)
    result = { ...known, ...deliveryOf(queue, known, entry, message) }
  })
  return result
}

/** Stands where its bytes are damaged: the message is still listed, and can be removed. */
function withoutBody(queue: EngineQueue, { id, row }: Candidate): Peeked {
  const none = new Uint8Array(0)
  return {
    id,
    queue: queue.name,
    body: none,
    properties: none,
    attempts: row?.attempts ?? 0,
    redelivered: row?.redelivered ?? queue.isSuspect({ id }),
    time: 0,
    state: shownState(row),
    dueAt: row?.state === 'delayed' ? row.dueAt : 0,
    history: row?.history ?? [],
  }
}

function shownState(row: QueueRow | undefined): Peeked['state'] {
  switch (row?.state) {
    case 'delayed':
    case 'parked':
      return row.state
    case 'unsettled':
    case 'settling':
      return 'unsettled'
    default:
      return 'ready'
  }
}

/** A person's word on one message; false when it is not there or a consumer has it. */
export async function resolve(
  engine: Engine,
  name: string,
  id: number,
  action: 'deliver' | 'remove',
): Promise<boolean> {
  const doing = `Cannot resolve message ${id} of queue ${name}`
  demandOpen(engine, doing)
  const queue = demandQueue(engine, name, doing)
  const row = queue.rows.get(id)
  if (row === undefined && !queue.waiting.has(id)) return false
  const state = row?.state ?? 'ready'
  if (!['ready', 'aside', 'delayed', 'parked'].includes(state)) return false
  if (action === 'deliver' && (state === 'ready' || state === 'aside')) return true
  const { log } = engine
  queue.move(queue.tracked(id)!, 'settling')
  if (action === 'remove') appendSettle(log, queue.number, [id], SETTLED.removed)
  else {
    // Its last delivery may have been cut off by a crash; from now on nobody would count that.
    const cutOff = state === 'delayed' && queue.isSuspect(row!) ? 1 : 0
    const attempts = (row?.attempts ?? 0) + cutOff
    const back = { id, state: 'ready' as const, attempts, dueAt: 0, cause: '', lasting: true }
    appendReturns(log, queue.number, [back])
  }
  await log.durable()
  return true
}

export function statsOf(queue: EngineQueue): QueueStats {
  const { name, ready, bytes, consumers, counts } = queue
  return { name, ready, ...counts, bytes, consumers }
}
