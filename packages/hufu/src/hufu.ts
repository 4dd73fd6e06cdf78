import { nodeOs } from '@hufu/os'
import {
  type Command,
  type CommandOptions,
  type CommandParts,
  envelopeSchema,
  MessageCommand,
} from './command.ts'
import { Consumers } from './consumers.ts'
import { coordinatorOptions } from './coordinator/options.ts'
import { define } from './define.ts'
import { type Duration, durationMs } from './duration.ts'
import { HufuError, messageOf } from './errors.ts'
import type { Event, EventOptions, ReceiptSchemas } from './event.ts'
import { type EventParts, eventHandle } from './event-handle.ts'
import {
  type FlowEvent,
  type FlowOptions,
  flowDefinition,
  flowGroup,
  flowHandler,
  flowId,
} from './flow.ts'
import { Globals } from './globals.ts'
import type { Flow, Hufu } from './hufu-types.ts'
import { StrongWork } from './inbox/strong.ts'
import { message } from './kinds/message-builder.ts'
import { saga } from './kinds/saga-builder.ts'
import { tcc } from './kinds/tcc-builder.ts'
import type { Limits } from './limits.ts'
import { LIMITS } from './limits.ts'
import type { HufuOptions } from './options.ts'
import { nameOf } from './outbox/publish.ts'
import { Relay } from './outbox/relay.ts'
import { Replies } from './outbox/replies.ts'
import { answerCheck } from './outbox/transactional.ts'
import { ParkedVerbs } from './parked/verbs.ts'
import type { Store, WorkKind } from './ports/store.ts'
import { keepMs, Retention } from './retention.ts'
import type { StandardSchema } from './schema.ts'
import type { Alert } from './service/alert.ts'
import { pageOf } from './service/decision.ts'
import type { Definition } from './service/definition.ts'
import type { Runtime } from './service/runtime.ts'

const DRAIN_MS = 5_000

/** Who carries out a command, unless it says otherwise. */
const PARTICIPANT = 'participant'

/** Makes one service's Hufu. Nothing is opened before `start`. */
export function createHufu<Tx, Foreign>(options: HufuOptions<Tx, Foreign>): Hufu<Tx, Foreign> {
  const limits: Limits = { ...LIMITS, ...options.limits }
  nameOf(options.service, 'service', limits.nameCharsMax, 'Making Hufu')
  const runtime: Runtime<Tx, Foreign> = {
    service: options.service,
    store: options.store,
    transport: options.transport,
    os: options.os ?? nodeOs,
    limits,
    definitions: new Map(),
    waiting: 0,
    alert: safely(options.onAlert ?? alertToStderr),
    warn: safely(options.onWarning ?? toStderr),
  }
  return new Service(runtime, options)
}

class Service<Tx, Foreign> implements Hufu<Tx, Foreign> {
  readonly service: string
  readonly store: Hufu<Tx, Foreign>['store']
  readonly parked: ParkedVerbs<Tx>
  readonly transactions: Hufu<Tx, Foreign>['transactions']
  readonly saga: Hufu<Tx, Foreign>['saga']
  readonly tcc: Hufu<Tx, Foreign>['tcc']
  readonly message: Hufu<Tx, Foreign>['message']
  readonly #runtime: Runtime<Tx, Foreign>
  readonly #relay: Relay<Tx>
  readonly #consumers: Consumers<Tx>
  readonly #retention: Retention<Tx>
  readonly #globals: Globals<Tx, Foreign>
  readonly #parts: EventParts<Tx, Foreign>
  /** Events on their way to the transport; undefined: it knows them. */
  readonly #declared = new Map<string, Promise<void> | undefined>()
  #state: 'stopped' | 'starting' | 'started' = 'stopped'
  /** Closes what was opened, last opened first. */
  #closers: Closer[] = []
  #starting: Promise<void> | undefined
  #stopping: Promise<void> | undefined
  #offWork: () => void = () => {}

  constructor(runtime: Runtime<Tx, Foreign>, options: HufuOptions<Tx, Foreign>) {
    this.service = runtime.service
    this.store = runtime.store
    this.#runtime = runtime
    const replies = new Replies<Tx>(runtime)
    const keep = keepMs(options.retention ?? {})
    this.parked = new ParkedVerbs(runtime, replies, keep.journal)
    this.#relay = new Relay(runtime)
    this.#consumers = new Consumers(runtime, replies)
    this.#retention = new Retention(runtime, keep)
    this.#parts = {
      runtime,
      consumers: this.#consumers,
      started: () => this.#state === 'started',
      declare: (definition) => this.#declare(definition),
    }
    this.#globals = new Globals(runtime, coordinatorOptions(options.coordinator ?? {}))
    this.transactions = this.#globals.verbs
    const handle = <D>(make: () => D) => this.#globals.define(make() as never) as never
    this.saga = (name, schema, steps, more) => handle(() => steps(saga(name, schema, more)).build())
    this.tcc = (name, schema, branches, more) =>
      handle(() => branches(tcc(name, schema, more)).build())
    this.message = (name, schema, branches, more) =>
      handle(() => branches(message(name, schema, more)).build())
  }

  readonly audit: Hufu<Tx, Foreign>['audit'] = {
    list: async ({ limit } = {}) =>
      this.store.audit.list(pageOf(limit, this.#runtime.limits.pageMax, 'Listing the audit trail')),
  }

  readonly journal: Hufu<Tx, Foreign>['journal'] = {
    find: (key) => this.store.journal.find(key),
    list: async (filter = {}) => {
      const limit = pageOf(filter.limit, this.#runtime.limits.pageMax, 'Listing the journal')
      return this.store.journal.list({ ...filter, limit })
    },
  }

  event<
    Schema extends StandardSchema,
    const Group extends string,
    const Receipts extends ReceiptSchemas<Group>,
  >(
    name: string,
    schema: Schema,
    options: EventOptions<Group, Receipts>,
  ): Event<Tx, Foreign, Schema, Group, Receipts> {
    const { definitions, limits } = this.#runtime
    if (definitions.has(name)) {
      throw new HufuError('EVENT_DUPLICATE', `Defining the event ${name}: it is defined already`)
    }
    if (definitions.size >= limits.eventsMax) {
      throw new HufuError('LIMIT', `Defining the event ${name}: limit ${limits.eventsMax} events`)
    }
    const definition = define<Tx>(name, schema, options, limits)
    definitions.set(name, definition)
    if (this.#state === 'started') this.#declare(definition)?.catch(() => {})
    const handle = eventHandle(this.#parts, definition)
    // The machinery is untyped inside; the types of the event are given to it here, once.
    return handle as unknown as Event<Tx, Foreign, Schema, Group, Receipts>
  }

  command<In extends StandardSchema, Out extends StandardSchema = StandardSchema>(
    name: string,
    { input, output, group = PARTICIPANT }: CommandOptions<In, Out>,
  ): Command<Tx, In, Out> {
    const receipts = output === undefined ? {} : { [group]: output }
    const event = this.event(name, envelopeSchema(input), { groups: [group], receipts })
    const { store } = this
    const tell: CommandParts<Tx>['tell'] = (...reply) => this.#globals.told(...reply)
    const parts = { store: store as Store<Tx, never>, group, tell }
    return new MessageCommand<Tx>(event as never, parts) as unknown as Command<Tx, In, Out>
  }

  flow(name: string, events: readonly FlowEvent[], options: FlowOptions): Flow {
    const definition = flowDefinition<Tx>(name, events, options)
    this.#globals.define(definition)
    for (const event of events) {
      const known = this.#runtime.definitions.get(event.name)
      if (known === undefined) {
        throw new HufuError('ARGUMENT', `Defining the flow ${name}: ${event.name} is not defined`)
      }
      const { ready } = this.#globals
      const handler = flowHandler(this.#runtime, ready, definition, name, event.name)
      this.#consumers.add(
        known,
        flowGroup(name),
        {},
        (policy) => new StrongWork(this.#runtime, known, handler, policy),
        async () => this.#declare(known),
      )
    }
    return {
      name,
      explain: (key) => this.transactions.explain(flowId(name, key)),
      overdue: ({ limit } = {}) =>
        this.transactions.list({
          name: definition.name,
          status: 'parked',
          ...(limit !== undefined && { limit }),
        }),
    }
  }

  async start(): Promise<void> {
    if (this.#state !== 'stopped') {
      throw new HufuError('ARGUMENT', `Starting ${this.service}: it is ${this.#state}`)
    }
    this.#state = 'starting'
    this.#starting = this.#open()
    await this.#starting
  }

  async stop({ drainMs = DRAIN_MS }: Parameters<Hufu<Tx, Foreign>['stop']>[0] = {}): Promise<void> {
    await this.#starting?.catch(() => {})
    this.#stopping ??= this.#end(drainMs).finally(() => {
      this.#stopping = undefined
    })
    await this.#stopping
  }

  async #end(drainMs: Duration): Promise<void> {
    if (this.#state !== 'started') return
    this.#offWork()
    const drain = durationMs(drainMs, 'drainMs')
    await Promise.all([this.#consumers.stop(drain), this.#globals.stop(drain)])
    await this.#relay.stop()
    await this.#retention.stop()
    await this.#close()
  }

  wake(): void {
    this.#wake()
  }

  async stats() {
    const outbox = await this.store.outbox.stats()
    const parked = await this.store.parked.count('parked')
    const counts = await this.store.transactions.counts()
    const transactions = { ...counts, inHand: this.#globals.coordinator.inHand }
    return { outbox, parked, consumers: this.#consumers.stats(), transactions }
  }

  #wake(kind?: WorkKind): void {
    if (kind === 'messages' || kind === undefined) this.#relay.wake()
    if (kind === 'parked' || kind === undefined) this.#consumers.wake()
    if (kind === 'transactions' || kind === undefined) this.#globals.coordinator.wake()
  }

  async #open(): Promise<void> {
    const { store, transport, os, definitions } = this.#runtime
    try {
      await store.open(os)
      this.#closers.unshift([store.name, () => store.close()])
      await transport.open()
      this.#closers.unshift([transport.name, () => transport.close()])
      for (const definition of definitions.values()) await this.#declare(definition)
      this.#closers.unshift(['consumers', () => this.#consumers.stop(0)])
      await this.#consumers.start()
      this.#answerChecks()
      this.#closers.unshift(['coordinator', () => this.#globals.stop(0)])
      await this.#globals.start()
    } catch (error) {
      await this.#close()
      throw error
    }
    this.#offWork = store.onWork((kind) => this.#wake(kind))
    this.#relay.start()
    this.#retention.start()
    this.#state = 'started'
  }

  /** Answers the broker for transactional messages of this service, also of its other processes. */
  #answerChecks(): void {
    const { prepared } = this.#runtime.transport
    if (prepared === undefined) return
    const answering = prepared.answerChecks(this.service, (handle) => {
      return answerCheck(this.#runtime, handle)
    })
    this.#closers.unshift(['answers', async () => answering.close()])
  }

  async #close(): Promise<void> {
    for (const [name, close] of this.#closers) {
      try {
        await close()
      } catch (error) {
        this.#runtime.warn(`Closing ${name}: ${messageOf(error)}`)
      }
    }
    this.#closers = []
    this.#declared.clear()
    this.#state = 'stopped'
  }

  #declare({ name, groups }: Definition<Tx>): Promise<void> | undefined {
    if (this.#declared.has(name)) return this.#declared.get(name)
    const declaring = this.#runtime.transport.declare(name, groups)
    this.#declared.set(name, declaring)
    const isCurrent = () => this.#declared.get(name) === declaring
    declaring.then(
      () => isCurrent() && this.#declared.set(name, undefined),
      () => isCurrent() && this.#declared.delete(name),
    )
    return declaring
  }
}

type Closer = readonly [name: string, close: () => Promise<void>]

/** What the user's listener throws must not end up in the machinery. */
function safely<T>(listener: (value: T) => void): (value: T) => void {
  return (value) => {
    try {
      listener(value)
    } catch (error) {
      toStderr(`A listener of alerts or warnings failed: ${messageOf(error)}`)
    }
  }
}

function toStderr(text: string): void {
  process.stderr.write(`hufu: ${text}\n`)
}

function alertToStderr(alert: Alert): void {
  const { kind, event, group, id, cause, detail, ref } = alert
  process.stderr.write(
    `hufu: parked ${ref} (${kind} ${event}/${group}/${id}): ${cause}: ${detail}\n`,
  )
}
