import type {
  Batch,
  Broker,
  BrokerStats,
  CheckAnswer,
  Decision,
  Delivery,
  Peeked,
  PreparedHandle,
  PreparedInfo,
  PrepareRequest,
  Publisher,
  PublisherOptions,
  PublishRequest,
  QueueStats,
  RecoveryReport,
  Subscription,
} from '../api.ts'
import { BrokerError } from '../errors.ts'
import type { DeadLetterRouter, QueueOptions, SubscribeOptions } from '../options.ts'
import { backup } from './backup.ts'
import { type BatchParts, BatchWriter } from './batch.ts'
import { DeadLetters } from './dead-letter.ts'
import { Deliverer } from './deliver.ts'
import { DueTimer } from './due-timer.ts'
import { demandOpen, type Engine, track } from './engine.ts'
import type { EngineQueue } from './engine-queue.ts'
import { peek, resolve, statsOf } from './inspect.ts'
import { Preparer } from './prepare.ts'
import { Intake } from './publish.ts'
import { NumberedPublisher } from './publisher.ts'
import { purge } from './purge.ts'
import { changeQueue, declareQueue, deleteQueue } from './queue-verbs.ts'
import { RecordKeeper } from './record-keeper.ts'
import type { Retainer } from './retain.ts'
import { RoutedPublisher } from './routed-publisher.ts'
import { Settler } from './settle.ts'
import { Subscriptions } from './subscriptions.ts'
import { markSuspects } from './suspects.ts'

/** Joins the parts of the engine into what users see. */
export class EmbeddedBroker implements Broker {
  readonly report: RecoveryReport
  readonly records: RecordKeeper
  readonly #engine: Engine
  readonly #intake: Intake
  readonly #deadLetters: DeadLetters
  readonly #settler: Settler
  readonly #preparer: Preparer
  readonly #subscriptions: Subscriptions
  readonly #deliverer: Deliverer
  readonly #retainer: Retainer
  readonly #due: DueTimer
  readonly #release: (inOrder: boolean) => Promise<void>
  #closing: Promise<void> | undefined

  constructor(
    engine: Engine,
    retainer: Retainer,
    report: RecoveryReport,
    release: (inOrder: boolean) => Promise<void>,
    router: DeadLetterRouter | undefined,
  ) {
    this.report = report
    this.#engine = engine
    this.#retainer = retainer
    this.#release = release
    this.#intake = new Intake(engine)
    this.records = new RecordKeeper(engine, this.#intake)
    this.#deadLetters = new DeadLetters(engine, this.#intake, router)
    this.#settler = new Settler(engine, this.#deadLetters)
    this.#deliverer = new Deliverer(engine, this.#deadLetters)
    this.#subscriptions = new Subscriptions(engine, this.#settler, this.#deliverer)
    this.#preparer = new Preparer(engine, this.#intake)
    this.#due = new DueTimer(engine, (queue) => this.#deliverer.schedule(queue))
    engine.log.onEntry = (entry) => engine.state.apply(entry)
    engine.log.onGroup = () => this.#groupWritten()
    engine.log.onKept = () => this.#deliverTouched()
    this.#due.arm()
    this.#tendAll()
  }

  declareQueue(name: string, options: QueueOptions = {}): Promise<void> {
    return declareQueue(this.#engine, name, options)
  }

  changeQueue(name: string, options: QueueOptions): Promise<void> {
    const changed = (queue: EngineQueue) => this.#deliverer.schedule(queue)
    return changeQueue({ engine: this.#engine, intake: this.#intake, changed }, name, options)
  }

  deleteQueue(name: string): Promise<number> {
    return deleteQueue(this.#engine, name, (queue) => this.#subscriptions.queueGoes(queue))
  }

  publish(message: PublishRequest): Promise<number> {
    return this.#intake.publish(message)
  }

  subscribe(
    name: string,
    options: SubscribeOptions,
    onDeliveries: (batch: Delivery[]) => void,
  ): Subscription {
    return this.#subscriptions.subscribe(name, options, onDeliveries)
  }

  publisher(options: PublisherOptions): Publisher {
    demandOpen(this.#engine, 'Cannot make a publisher')
    const { queues } = options
    if (queues === undefined) return new RoutedPublisher(this.#engine, this.#intake, options)
    return new NumberedPublisher(this.#engine, this.#intake, { ...options, queues })
  }

  setDeadLetterRouter(router: DeadLetterRouter | undefined): void {
    this.#deadLetters.router = router
    this.#tendAll()
  }

  batch(): Batch {
    demandOpen(this.#engine, 'Cannot begin a batch')
    const { state, limits } = this.#engine
    if (state.batches.size >= limits.batchesMax) {
      const text = `${limits.batchesMax} batches are not ended`
      throw new BrokerError('LIMIT', `Cannot begin a batch: ${text}`)
    }
    const parts: BatchParts = {
      engine: this.#engine,
      intake: this.#intake,
      settler: this.#settler,
      preparer: this.#preparer,
      consumerOf: (subscription) => this.#subscriptions.consumerOf(subscription),
      settled: (consumer) => this.#deliverer.schedule(consumer.queue),
    }
    return new BatchWriter(parts, state.batches.nextNumber++)
  }

  prepare(request: PrepareRequest): Promise<PreparedHandle> {
    return this.#preparer.prepare(request)
  }

  decide(handle: PreparedHandle, outcome: 'commit' | 'rollback'): Promise<Decision> {
    return this.#preparer.decide(handle, outcome)
  }

  answerChecks(group: string, answer: (prepared: PreparedInfo) => Promise<CheckAnswer>) {
    return this.#preparer.answer(group, answer)
  }

  prepared(options: { group?: string; limit?: number; afterVersion?: number } = {}) {
    return this.#preparer.list(options)
  }

  peek(queue: string, options: { limit?: number; afterId?: number } = {}): Promise<Peeked[]> {
    return peek(this.#engine, queue, options)
  }

  resolve(queue: string, id: number, action: 'deliver' | 'remove'): Promise<boolean> {
    return resolve(this.#engine, queue, id, action)
  }

  purge(queue: string): Promise<number> {
    return track(this.#engine, purge(this.#engine, queue))
  }

  async backup(dir: string): Promise<{ bytes: number; position: number }> {
    demandOpen(this.#engine, `Cannot back up to ${dir}`)
    return track(this.#engine, backup(this.#engine, this.#retainer, dir))
  }

  queues(): QueueStats[] {
    return [...this.#engine.state.queues.values()].map(statsOf)
  }

  queue(name: string): QueueStats | undefined {
    const found = this.#engine.state.byName.get(name)
    return found && statsOf(found)
  }

  stats(): BrokerStats {
    const { log, counters, time } = this.#engine
    const { bytes, all, noSpace } = log.segments
    const files = {
      logBytes: bytes,
      position: log.end,
      segments: all.length,
      groups: log.groupsWritten,
      noSpace,
    }
    return { time: time(), ...files, ...counters }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    const { log, state } = this.#engine
    const release = this.#subscriptions.stop()
    // From here on nothing new begins: no consumer, no asking, no backup.
    this.#engine.closed = true
    log.closing = true
    this.#due.stop()
    this.#deliverer.stop()
    await this.#preparer.stop()
    let inOrder = false
    try {
      if (log.failure === undefined) {
        await release()
        await this.#deadLetters.idle()
        this.#intake.close()
        await Promise.allSettled(this.#engine.work)
        await log.durable()
        const allMarked = markSuspects(this.#engine)
        await log.durable()
        await this.#retainer.stop()
        if (allMarked) {
          await log.stop()
          inOrder = true
        }
      }
    } finally {
      state.touched.clear()
      await this.#retainer.idle()
      await this.#release(inOrder)
    }
  }

  /** What has expired while nobody ran, or waits for the router, leaves its queue. */
  #tendAll(): void {
    for (const queue of this.#engine.state.queues.values()) {
      if (queue.tended) this.#deliverer.schedule(queue)
    }
  }

  #deliverTouched(): void {
    const { touched } = this.#engine.state
    for (const queue of touched) this.#deliverer.schedule(queue)
    touched.clear()
  }

  #groupWritten(): void {
    this.#deliverTouched()
    this.#due.arm()
    this.#intake.roomChanged()
    this.#retainer.groupWritten()
  }
}
