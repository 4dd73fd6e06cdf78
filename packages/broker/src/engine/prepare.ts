import type {
  CheckAnswer,
  Decision,
  PreparedHandle,
  PreparedInfo,
  PrepareRequest,
  PublishRequest,
} from '../api.ts'
import { BrokerError } from '../errors.ts'
import { CheckBack } from '../prepared/check-back.ts'
import type { Outcome, Prepared } from '../prepared/table.ts'
import { demandOpen, type Engine, track } from './engine.ts'
import type { Intake } from './publish.ts'
import { reachFor } from './reach.ts'
import { appendEnd, appendJson, CHECKED, PREPARE } from './records.ts'

const FIRST_CHECK_MS = 6_000
const CHECK_EVERY_MS = 30_000
const CHECKS_MAX = 15
const NAME_BYTES_MAX = 1_024
const LIST_MAX = 1_000
const YEAR_MS = 366 * 86_400_000

/** What a batch does with a transaction that is prepared in it. */
interface InBatch {
  atCommit(operation: () => void): void
  atRollback(operation: () => void): void
}

/**
 * Half messages: stored now, shown or dropped by a second word, asked for when it does not come.
 */
export class Preparer {
  readonly #engine: Engine
  readonly #intake: Intake
  readonly #checkBack: CheckBack
  /** Ids whose prepare entry is not written yet, by batch. */
  readonly #preparing = new Map<string, number>()
  /** Decisions on their way to the disk, by batch. */
  readonly #deciding = new Map<number, Outcome>()
  /** Versions that a batch will decide when it is committed; nobody else may meanwhile. */
  readonly #claimed = new Set<number>()

  constructor(engine: Engine, intake: Intake) {
    this.#engine = engine
    this.#intake = intake
    const { batches } = engine.state
    const { table } = batches
    this.#checkBack = new CheckBack({
      clock: engine.os.clock,
      time: engine.time,
      table,
      warn: engine.warn,
      log: {
        decide: (prepared, outcome) => this.#decideAsked(prepared, outcome),
        checked: (prepared, checks, nextAt, parked) =>
          this.#checked(prepared, checks, nextAt, parked),
      },
    })
    batches.onPrepared = (prepared) => {
      this.#preparing.delete(prepared.transactionId)
      this.#checkBack.track(prepared)
    }
  }

  prepare(request: PrepareRequest): Promise<PreparedHandle> {
    return track(this.#engine, this.#prepare(request))
  }

  async #prepare(request: PrepareRequest): Promise<PreparedHandle> {
    const { handle, record, held } = this.#hold(request)
    try {
      await held
    } catch (error) {
      this.#forget(handle)
      throw error
    }
    const { log } = this.#engine
    appendJson(log, { type: PREPARE }, record)
    await log.durable()
    return handle
  }

  /** As `prepare`, taking effect with a batch. */
  async prepareIn(
    request: PrepareRequest,
    batch: number,
    inBatch: InBatch,
  ): Promise<PreparedHandle> {
    const { handle, record, held } = this.#hold(request)
    const { log } = this.#engine
    inBatch.atCommit(() => appendJson(log, { type: PREPARE }, record, batch))
    inBatch.atRollback(() => this.#forget(handle))
    await held
    return handle
  }

  async decide(handle: PreparedHandle, outcome: Outcome): Promise<Decision> {
    const doing = `Cannot decide transaction ${handle.transactionId}`
    demandOpen(this.#engine, doing)
    checkOutcome(outcome, doing)
    const before = this.#decisionOf(handle)
    if (before === undefined) this.#begin(handle, outcome, doing)
    await this.#engine.log.durable()
    return { outcome: before ?? outcome, repeated: before !== undefined }
  }

  /** As `decide`, taking effect with a batch. */
  decideIn(handle: PreparedHandle, outcome: Outcome, batch: number) {
    const doing = `Cannot decide transaction ${handle.transactionId} in a batch`
    const { version } = handle
    checkOutcome(outcome, doing)
    if (this.#decisionOf(handle) !== undefined) {
      throw new BrokerError('PREPARED_UNKNOWN', `${doing}: it is decided`)
    }
    this.#demand(handle, doing)
    this.#claimed.add(version)
    const write = () => {
      const { log, state } = this.#engine
      const messages = outcome === 'commit' ? (state.batches.find(version)?.messages ?? []) : []
      // The end of the outer batch gives the ids: others may be given in between.
      appendEnd(log, version, outcome === 'commit', 0, batch)
      return { messages: messages.length, queues: messages.flatMap(({ queues }) => queues) }
    }
    return { write, release: () => void this.#claimed.delete(version) }
  }

  answer(group: string, ask: (prepared: PreparedInfo) => Promise<CheckAnswer>) {
    demandOpen(this.#engine, `Cannot answer for producers of ${group}`)
    const close = this.#checkBack.register({
      group,
      ask: async (prepared) => ask(this.#infoOf(prepared)),
    })
    return { close }
  }

  list(options: { group?: string; limit?: number; afterVersion?: number }): PreparedInfo[] {
    const { group, limit = 100, afterVersion = 0 } = options
    if (!(limit >= 1)) {
      throw new BrokerError('ARGUMENT', `Cannot list prepared transactions: limit is ${limit}`)
    }
    const wanted = [...this.#engine.state.batches.table.values()].filter((prepared) => {
      return prepared.batch > afterVersion && (group === undefined || prepared.group === group)
    })
    // One that was prepared in a batch has its version from before the batch's commit.
    wanted.sort((a, b) => a.batch - b.batch)
    return wanted.slice(0, Math.min(limit, LIST_MAX)).map((prepared) => this.#infoOf(prepared))
  }

  /** No more askings; resolves when nothing that was answered is being written any more. */
  stop(): Promise<void> {
    return this.#checkBack.stop()
  }

  /** Writes the bodies; `held` resolves when the log has taken them. */
  #hold(request: PrepareRequest) {
    const { transactionId, messages } = request
    const doing = `Cannot prepare transaction ${transactionId}`
    demandOpen(this.#engine, doing)
    this.#checkRequest(request, doing)
    const batch = this.#engine.state.batches.nextNumber++
    this.#preparing.set(transactionId, batch)
    const handle: PreparedHandle = { transactionId, version: batch }
    const held = this.#holdAll(messages, batch)
    held.catch(() => undefined)
    return { handle, record: this.#recordOf(request, batch), held }
  }

  /**
   * Rejects with the first refusal, but not before the log has taken or refused every other one.
   */
  async #holdAll(messages: readonly PublishRequest[], batch: number): Promise<void> {
    const bodies: Promise<void>[] = []
    for (const [index, message] of messages.entries()) {
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      bodies.push(promise)
      try {
        this.#intake.hold(message, batch, index, resolve, reject)
      } catch (error) {
        reject(error)
        break
      }
    }
    const outcomes = await Promise.allSettled(bodies)
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
  }

  #checkRequest(
    { transactionId, group, messages, check = {} }: PrepareRequest,
    doing: string,
  ): void {
    for (const [what, name] of Object.entries({ transactionId, group })) {
      const bytes = Buffer.byteLength(name)
      if (bytes >= 1 && bytes <= NAME_BYTES_MAX) continue
      const text = `${what} has ${bytes} bytes, 1 to ${NAME_BYTES_MAX} are possible`
      throw new BrokerError('LIMIT', `${doing}: ${text}`)
    }
    checkTimes(check, doing)
    const { batchOperationsMax, batchesMax } = this.#engine.limits
    const { batches } = this.#engine.state
    if (messages.length < 1 || messages.length > batchOperationsMax) {
      const text = `${messages.length} messages, 1 to ${batchOperationsMax} are possible`
      throw new BrokerError('LIMIT', `${doing}: ${text}`)
    }
    if (batches.size >= batchesMax) {
      throw new BrokerError('LIMIT', `${doing}: ${batchesMax} batches are not ended`)
    }
    if (!batches.table.find(transactionId) && !this.#preparing.has(transactionId)) return
    throw new BrokerError('PREPARED_EXISTS', `${doing}: it is prepared and not decided`)
  }

  #recordOf({ transactionId, group, check = {} }: PrepareRequest, batch: number): Prepared {
    const now = Math.ceil(this.#engine.time())
    const { firstMs = FIRST_CHECK_MS, everyMs = CHECK_EVERY_MS, max = CHECKS_MAX } = check
    return {
      batch,
      transactionId,
      group,
      preparedAt: now,
      everyMs,
      checksMax: max,
      checks: 0,
      nextAt: now + firstMs,
      parked: false,
    }
  }

  #forget({ transactionId, version }: PreparedHandle): void {
    if (this.#preparing.get(transactionId) !== version) return
    this.#preparing.delete(transactionId)
    const { log } = this.#engine
    if (log.failure === undefined) appendEnd(log, version, false, 0)
  }

  /** What was decided of it, on disk or on its way there; undefined when nothing. */
  #decisionOf({ version, transactionId }: PreparedHandle): Outcome | undefined {
    const decided = this.#engine.state.batches.table.decisionOf(version)
    if (decided?.transactionId === transactionId) return decided.outcome
    return this.#deciding.get(version)
  }

  #demand({ version, transactionId }: PreparedHandle, doing: string): Prepared {
    const prepared = this.#engine.state.batches.table.ofBatch(version)
    if (this.#claimed.has(version)) {
      throw new BrokerError('PREPARED_CLAIMED', `${doing}: a batch that is not ended decides it`)
    }
    if (prepared?.transactionId === transactionId) return prepared
    throw new BrokerError('PREPARED_UNKNOWN', `${doing}: there is none of version ${version}`)
  }

  #begin(handle: PreparedHandle, outcome: Outcome, doing: string): void {
    this.#demand(handle, doing)
    const { version } = handle
    this.#deciding.set(version, outcome)
    this.#writeEnd(version, outcome)
    this.#engine.log.onDurable(() => this.#deciding.delete(version))
  }

  #writeEnd(version: number, outcome: Outcome): void {
    const { log, state, counters } = this.#engine
    const messages = state.batches.find(version)?.messages ?? []
    if (outcome === 'rollback') return appendEnd(log, version, false, 0)
    const firstId = state.nextId
    state.nextId += messages.length
    counters.published += messages.length
    for (const number of new Set(messages.flatMap(({ queues }) => queues))) {
      const queue = state.queues.get(number)
      if (queue !== undefined) reachFor(log, queue, state.nextId - 1)
    }
    appendEnd(log, version, true, firstId)
  }

  async #decideAsked(prepared: Prepared, outcome: Outcome): Promise<void> {
    const { transactionId, batch: version } = prepared
    await this.decide({ transactionId, version }, outcome)
  }

  async #checked(
    prepared: Prepared,
    checks: number,
    nextAt: number,
    parked: boolean,
  ): Promise<void> {
    const { log, warn } = this.#engine
    const { batch, transactionId } = prepared
    appendJson(log, { type: CHECKED }, { batch, checks, nextAt, parked })
    await log.durable()
    if (parked) warn(`Transaction ${transactionId} is parked: ${checks} askings without an answer`)
  }

  #infoOf(prepared: Prepared): PreparedInfo {
    const { transactionId, batch, group, preparedAt, checks, nextAt, parked } = prepared
    const messages = this.#engine.state.batches.find(batch)?.messages.length ?? 0
    const handle = { transactionId, version: batch }
    return { ...handle, group, preparedAt, messages, checks, nextCheckAt: nextAt, parked }
  }
}

function checkOutcome(outcome: Outcome, doing: string): void {
  if (outcome === 'commit' || outcome === 'rollback') return
  throw new BrokerError('ARGUMENT', `${doing}: outcome is ${String(outcome)}`)
}

/** 0 ms to a year, 1 to a million askings. */
function checkTimes(check: NonNullable<PrepareRequest['check']>, doing: string): void {
  const { firstMs = 0, everyMs = 0, max = 1 } = check
  const wrong = (value: number, from: number, to: number) => !(value >= from && value <= to)
  if (wrong(firstMs, 0, YEAR_MS) || wrong(everyMs, 0, YEAR_MS) || wrong(max, 1, 1e6)) {
    throw new BrokerError('ARGUMENT', `${doing}: check is ${JSON.stringify(check)}`)
  }
}
