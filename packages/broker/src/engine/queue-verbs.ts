import { BrokerError } from '../errors.ts'
import type { QueueOptions } from '../options.ts'
import { demandOpen, demandQueue, type Engine } from './engine.ts'
import type { EngineQueue } from './engine-queue.ts'
import { changedSpans } from './life-spans.ts'
import { firstDifference, type StoredQueueOptions, storedOptions } from './queue-options.ts'
import { appendJson, QUEUE, QUEUE_CHANGED, QUEUE_DELETED } from './records.ts'

const QUEUE_NAME_BYTES_MAX = 255

/** They decide how its messages stand in memory and who consumes. */
const LASTING = ['maxPriority', 'singleActive'] as const

/** See `Broker.declareQueue`. */
export async function declareQueue(
  engine: Engine,
  name: string,
  options: QueueOptions,
): Promise<void> {
  const doing = `Cannot declare queue ${name}`
  demandOpen(engine, doing)
  const { log, state, limits } = engine
  const bytes = Buffer.byteLength(name)
  if (bytes < 1 || bytes > QUEUE_NAME_BYTES_MAX) {
    const text = `its name has ${bytes} bytes, 1 to ${QUEUE_NAME_BYTES_MAX} are possible`
    throw new BrokerError('LIMIT', `${doing}: ${text}`)
  }
  const stored = storedOptions(doing, options)
  const known = state.byName.get(name)
  if (known !== undefined) {
    const difference = firstDifference(known.options, stored)
    if (difference !== undefined) throw mismatch(doing, known, difference)
    return log.durable()
  }
  if (stored.deadLetter !== null) demandQueue(engine, stored.deadLetter, doing)
  if (state.queues.size >= limits.queuesMax) {
    throw new BrokerError('LIMIT', `${doing}: there are ${limits.queuesMax} queues`)
  }
  const queue = state.addQueue(state.nextQueue, name, stored)
  appendJson(log, { type: QUEUE, aux: queue.number }, { name, options: stored })
  await log.durable()
}

/**
 * See `Broker.changeQueue`. In effect at once: what follows from it is behind it in the log. `then`
 * is called where something has changed.
 */
export async function changeQueue(
  engine: Engine,
  name: string,
  options: QueueOptions,
  then: (queue: EngineQueue) => void,
): Promise<void> {
  const doing = `Cannot change queue ${name}`
  demandOpen(engine, doing)
  const { log, state } = engine
  const queue = demandQueue(engine, name, doing)
  const stored = storedOptions(doing, options)
  const lasting = LASTING.find((option) => stored[option] !== queue.options[option])
  if (lasting !== undefined) throw mismatch(doing, queue, lasting)
  if (stored.deadLetter !== null) demandNoCircle(engine, name, stored.deadLetter, doing)
  if (firstDifference(queue.options, stored) === undefined) return log.durable()
  const spans = spansOf(queue, stored, state.nextId - 1)
  state.changeQueue(queue, stored, spans)
  appendJson(
    log,
    { type: QUEUE, flags: QUEUE_CHANGED, aux: queue.number },
    { options: stored, spans },
  )
  then(queue)
  await log.durable()
}

function spansOf(queue: EngineQueue, { messageExpiresMs }: StoredQueueOptions, lastId: number) {
  const { options, spans, length, incoming } = queue
  if (length + incoming.messages === 0) return []
  if (options.messageExpiresMs === messageExpiresMs) return spans
  return changedSpans(spans, lastId, options.messageExpiresMs)
}

/** A message would go round for ever. */
function demandNoCircle(engine: Engine, name: string, deadLetter: string, doing: string): void {
  let next: string | null = deadLetter
  while (next !== null && next !== name) {
    next = demandQueue(engine, next, doing).options.deadLetter
  }
  if (next === null) return
  throw new BrokerError('ARGUMENT', `${doing}: what it dead-letters to ${deadLetter} comes back`)
}

function mismatch(doing: string, { options }: EngineQueue, option: string): BrokerError {
  const text = `it is there and its ${option} is ${options[option as 'maxBytes']}`
  return new BrokerError('QUEUE_MISMATCH', `${doing}: ${text}`)
}

/** See `Broker.deleteQueue`; `goes` is called before it is gone. */
export async function deleteQueue(
  engine: Engine,
  name: string,
  goes: (queue: EngineQueue) => void,
): Promise<number> {
  const doing = `Cannot delete queue ${name}`
  demandOpen(engine, doing)
  const { log, state } = engine
  const queue = demandQueue(engine, name, doing)
  const source = state.links.sourceOf(name)
  if (source !== undefined) {
    throw new BrokerError('QUEUE_IN_USE', `${doing}: ${source.name} dead-letters to it`)
  }
  goes(queue)
  appendJson(log, { type: QUEUE, flags: QUEUE_DELETED, aux: queue.number }, {})
  state.byName.delete(name)
  state.links.remove(queue)
  await log.durable()
  return queue.lengthAtEnd
}
