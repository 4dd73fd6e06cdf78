import { BrokerError } from '../errors.ts'
import type { QueueOptions } from '../options.ts'
import { demandOpen, demandQueue, type Engine } from './engine.ts'
import type { EngineQueue } from './engine-queue.ts'
import { changedSpans } from './life-spans.ts'
import type { Intake } from './publish.ts'
import { firstDifference, type StoredQueueOptions, storedOptions } from './queue-options.ts'
import { appendJson, QUEUE, QUEUE_CHANGED, QUEUE_DELETED } from './records.ts'

const QUEUE_NAME_BYTES_MAX = 2_048

/** What a change takes in the log, at most, apart from the name of a queue. */
const CHANGE_BYTES = 2_048

/** They decide how its messages stand in memory and who consumes. */
const LASTING = ['maxPriority', 'singleActive', 'weighBodies'] as const

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

/** What `changeQueue` needs of the broker. */
export interface ChangeParts {
  readonly engine: Engine
  readonly intake: Intake
  /** Called where something has changed. */
  changed(queue: EngineQueue): void
}

/** See `Broker.changeQueue`; at once, or when the log has room. */
export async function changeQueue(
  { engine, intake, changed }: ChangeParts,
  name: string,
  options: QueueOptions,
): Promise<void> {
  const doing = `Cannot change queue ${name}`
  demandOpen(engine, doing)
  const stored = storedOptions(doing, options)
  const wanted = wantedOptions(demandQueue(engine, name, doing), { options, stored }, doing)
  // It is so already: that needs no room on the disk.
  if (wanted === undefined) return engine.log.durable()
  const bytes = CHANGE_BYTES + Buffer.byteLength(stored.deadLetter ?? '') * 2
  await new Promise<void>((resolve, reject) => {
    const go = () => {
      try {
        const queue = change(engine, name, { options, stored }, doing)
        if (queue !== undefined) changed(queue)
        resolve()
      } catch (error) {
        reject(error)
      }
    }
    const refuse = ({ code, message }: BrokerError) => {
      reject(new BrokerError(code, message.replace(/^[^:]*/, doing)))
    }
    intake.whenRoom(bytes, go, refuse)
  })
  await engine.log.durable()
}

/** Options as they were given, and with their defaults. */
interface Asked {
  readonly options: QueueOptions
  readonly stored: StoredQueueOptions
}

/**
 * In effect at once: what follows from it is behind it in the log. Undefined where it is so
 * already.
 */
function change(engine: Engine, name: string, asked: Asked, doing: string) {
  const { log, state } = engine
  if (log.failure !== undefined) throw log.failure
  const queue = demandQueue(engine, name, doing)
  const stored = wantedOptions(queue, asked, doing)
  if (stored === undefined) return undefined
  if (stored.deadLetter !== null) demandNoCircle(engine, name, stored.deadLetter, doing)
  const spans = spansOf(queue, stored, state.nextId - 1)
  state.changeQueue(queue, stored, spans)
  const head = { type: QUEUE, flags: QUEUE_CHANGED, aux: queue.number }
  appendJson(log, head, { options: stored, spans })
  return queue
}

/** The options that the queue is to have; undefined: it has them. */
function wantedOptions(
  queue: EngineQueue,
  asked: Asked,
  doing: string,
): StoredQueueOptions | undefined {
  const lasting = LASTING.find((option) => {
    const wanted = asked.options[option]
    return wanted !== undefined && wanted !== queue.options[option]
  })
  if (lasting !== undefined) throw mismatch(doing, queue, lasting)
  const { maxPriority, singleActive, weighBodies } = queue.options
  const wanted = { ...asked.stored, maxPriority, singleActive, weighBodies }
  return firstDifference(queue.options, wanted) === undefined ? undefined : wanted
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
