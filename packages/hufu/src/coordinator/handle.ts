import { type Duration, durationMs } from '../duration.ts'
import { HufuError } from '../errors.ts'
import { encodeText } from '../json.ts'
import type { Cause } from '../kinds/kind.ts'
import type { TransactionStatus } from '../ports/transactions.ts'
import { check } from '../schema.ts'
import { checkHeaders, checkWord } from '../service/checks.ts'
import type { Runtime } from '../service/runtime.ts'
import type { Coordinator, Submission } from './coordinator.ts'
import type { Definition } from './definition.ts'
import { type Sent, sendLocally } from './message.ts'
import type { Stored } from './waiters.ts'

export interface StartOptions {
  /** The idempotency key: the same id with the same input begins nothing. 1 to 128 characters. */
  readonly id: string
  /** Business key to find it by. */
  readonly key?: string
  /** Handed on to every participant, such as `traceparent`. */
  readonly headers?: Readonly<Record<string, string>>
}

export interface RunOptions extends StartOptions {
  /** How long to wait for the end; it goes on by itself afterwards. Default 10 s. */
  readonly wait?: Duration
}

/** How a global transaction stands, or ended. */
export interface Outcome<Results = Readonly<Record<string, unknown>>> {
  readonly id: string
  readonly status: TransactionStatus
  /** What the steps that are done returned, by name. */
  readonly results: Partial<Results>
  /** Why it did not commit, or why it is parked. */
  readonly cause?: Cause
  /** It was begun before under this id. */
  readonly repeated: boolean
}

const WAIT_MS = 10_000

/** What the user begins transactions of one definition with; untyped inside. */
export class Handle<Tx, Foreign> {
  readonly #runtime: Runtime<Tx, Foreign>
  readonly #ready: () => Promise<Coordinator<Tx, Foreign>>
  readonly definition: Definition

  /** `ready` rejects while Hufu is not started. */
  constructor(
    runtime: Runtime<Tx, Foreign>,
    ready: () => Promise<Coordinator<Tx, Foreign>>,
    definition: Definition,
  ) {
    this.#runtime = runtime
    this.#ready = ready
    this.definition = definition
  }

  get name(): string {
    return this.definition.name
  }

  async run(input: unknown, options: RunOptions): Promise<Outcome> {
    const waitMs = durationMs(options.wait ?? WAIT_MS, 'wait')
    const { repeated } = await this.begin(input, options)
    const stored = await (await this.#ready()).settled(options.id, waitMs)
    return this.#outcome(options.id, repeated, stored)
  }

  /** Stored and begun; nobody waits for its end. */
  async begin(input: unknown, options: StartOptions): Promise<{ repeated: boolean }> {
    const coordinator = await this.#ready()
    return coordinator.submit(this.definition, await this.#submission(input, options))
  }

  /** Stored in the user's own transaction; begins when that is committed. */
  async start(tx: Tx | Foreign, input: unknown, options: StartOptions) {
    const coordinator = await this.#ready()
    return coordinator.submitIn(tx, this.definition, await this.#submission(input, options))
  }

  async outcome(id: string, { wait = 0 }: { wait?: Duration } = {}): Promise<Outcome> {
    const waitMs = durationMs(wait, 'wait')
    const stored = waitMs > 0 ? await (await this.#ready()).settled(id, waitMs) : undefined
    return this.#outcome(id, true, stored)
  }

  /**
   * A two-phase message: prepared, then `fn` in a transaction of the store, then submitted or not.
   * A throw of `fn` takes the message back.
   */
  async send<T>(
    input: unknown,
    options: RunOptions,
    fn: (tx: Tx) => Promise<T> | T,
  ): Promise<{ sent: Sent<T>; outcome: Outcome }> {
    const waitMs = durationMs(options.wait ?? 0, 'wait')
    const coordinator = await this.#ready()
    const { repeated } = await this.begin(input, options)
    const sent: Sent<T> = repeated
      ? { repeated }
      : { repeated, result: await sendLocally(this.#runtime, coordinator, options.id, fn) }
    const stored = await coordinator.settled(options.id, waitMs)
    return { sent, outcome: await this.#outcome(options.id, repeated, stored) }
  }

  /** `stored`: where it is known already; to ask for it is a query of its own. */
  async #outcome(id: string, repeated: boolean, stored?: Stored): Promise<Outcome> {
    const row = stored ?? (await this.#runtime.store.transactions.get(id))
    const { name, hash } = this.definition
    if (row === undefined || row.name !== name) {
      throw new HufuError('GLOBAL_UNKNOWN', `Looking for ${name} ${id}: there is none`)
    }
    const state = JSON.parse(row.state)
    const results = row.hash === hash ? this.definition.results(state) : {}
    const cause: Cause | undefined = state.cause
    return { id, status: row.status, results, ...(cause && { cause }), repeated }
  }

  async #submission(input: unknown, options: StartOptions): Promise<Submission> {
    const { limits } = this.#runtime
    const { name, schema } = this.definition
    const what = `Beginning ${name} ${options.id}`
    const found = check(schema, input)
    const checked = found instanceof Promise ? await found : found
    if ('issues' in checked) throw new HufuError('PAYLOAD_INVALID', `${what}: ${checked.issues}`)
    const id = checkWord(options.id, 'id', ID_CHARS_MAX, what)
    const key =
      options.key === undefined ? null : checkWord(options.key, 'key', limits.idCharsMax, what)
    const headers = checkHeaders(options.headers ?? {}, limits, what)
    // What was given: the schema reads it again for the participants.
    const text = encodeText(input, limits.payloadBytesMax, what)
    return { id, key, input: text, headers }
  }
}

/** The barrier's column. */
const ID_CHARS_MAX = 128
