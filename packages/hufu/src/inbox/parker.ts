import { backoffMs } from '../backoff.ts'
import { HufuError, messageOf } from '../errors.ts'
import { causeText } from '../limits.ts'
import { Later } from '../outcome.ts'
import type { NewParked, ParkedKind } from '../ports/store.ts'
import { Notice } from '../service/notice.ts'
import type { Runtime } from '../service/runtime.ts'
import type { Message, Postponement, Verdict } from './message.ts'
import { plainly, type Told } from './plain.ts'
import type { Policy } from './policy.ts'
import { Stopped } from './run.ts'

const SPENT = 'the last attempt ended without an answer, as when the process is killed'

/** Why a message gives up at once. */
export class Unworkable extends Error {
  readonly code: string
  /** Attempts that were made, when this one is none. */
  readonly attempts: number | undefined
  constructor(code: string, detail: string, attempts?: number) {
    super(detail)
    this.code = code
    this.attempts = attempts
  }
}

/** Decides what follows a failed attempt, and parks what gave up. */
export class Parker<Tx> {
  readonly #runtime: Runtime<Tx>
  readonly #kind: ParkedKind
  readonly #policy: Policy
  readonly #retries: Notice

  constructor(runtime: Runtime<Tx>, kind: ParkedKind, policy: Policy) {
    this.#runtime = runtime
    this.#retries = new Notice(runtime)
    this.#kind = kind
    this.#policy = policy
  }

  /** The verdict over what an attempt threw; business failures are not its matter. */
  async after(message: Message, error: unknown): Promise<Verdict> {
    if (error instanceof Stopped) return { outcome: 'stopped' }
    if (error instanceof Later) return { outcome: 'later', delayMs: error.ms }
    if (error instanceof Unworkable) {
      return this.park(message, error.code, error.message, error.attempts)
    }
    // The store's trouble is not the message's fault.
    if (isTrouble(error)) {
      return { outcome: 'later', delayMs: this.#policy.firstMs }
    }
    const failures = message.attempts + 1
    const cause = this.#cut(messageOf(error))
    if (failures >= this.#policy.max) return this.park(message, 'EXHAUSTED', cause, failures)
    const delayMs = this.#delayMs(failures)
    const { event, group, id } = message
    const tries = `attempt ${failures} of ${this.#policy.max} failed, again in ${delayMs} ms`
    this.#retries.say(`Handling ${event}/${group}/${id}: ${cause}; ${tries}`)
    return { outcome: 'retry', delayMs, cause }
  }

  /**
   * True when the message came again while it waits among the parked work; that is its turn then.
   */
  async waits(message: Message, tx?: Tx): Promise<boolean> {
    if (message.ref !== undefined) return false
    const { event, group, id } = message
    return this.#runtime.store.parked.has({ kind: this.#kind, event, group, id }, tx)
  }

  /** Throws when no attempt is left, as after attempts that ended the process. */
  demandAttempt({ ref, attempts, cause, spent = false }: Message): void {
    if ((ref !== undefined && !spent) || attempts < this.#policy.max) return
    const last = cause === undefined ? '' : `; before that: ${cause}`
    throw new Unworkable('EXHAUSTED', `${SPENT}${last}`, attempts)
  }

  /** Stores the message as parked, in a transaction of its own, and raises the alert. */
  async park(message: Message, cause: string, detail: string, attempts = message.attempts + 1) {
    const { store } = this.#runtime
    const short = this.#cut(detail)
    const ref = await this.#tell({ message, detail: short }, (told) =>
      store.transaction((tx) => this.#store(tx, told, cause, attempts)),
    )
    if (ref === undefined) return { outcome: 'done', how: 'repeated' } as const
    const { event, group, id, key = null } = message
    this.#runtime.alert({ kind: this.#kind, event, group, id, key, cause, detail: short, ref })
    return { outcome: 'done', how: 'parked' } as const
  }

  /** Sets the message aside when earlier work of its key stands aside; then it is stored. */
  async behind(tx: Tx, message: Message): Promise<Verdict | undefined> {
    const { event, group, key, ref, attempts } = message
    if (!this.#policy.keyWaits || key === undefined || ref !== undefined) return undefined
    const { store, limits } = this.#runtime
    const ahead = await store.parked.holding(tx, event, group, key, limits.asidePerKeyMax)
    if (ahead === 0) return undefined
    if (ahead >= limits.asidePerKeyMax) throw new Later(CROWDED_MS)
    await this.#add(tx, message, { ...BEHIND, attempts })
    return { outcome: 'done', how: this.#policy.parkKey ? 'parked' : 'aside' }
  }

  /** Sets the message aside, in a transaction of its own. */
  async postpone(message: Message, postponement: Postponement): Promise<void> {
    const { store } = this.#runtime
    const detail = this.#cut(postponement.detail)
    await this.#tell({ message, detail }, (told) =>
      store.transaction((tx) => this.#add(tx, told.message, { ...postponement, ...told })),
    )
  }

  /** Where a database does not take the words, as in an encoding of its own, plain ones do. */
  async #tell<T>(told: Told, store: (told: Told) => Promise<T>): Promise<T> {
    try {
      return await store(told)
    } catch (error) {
      const plain = isTrouble(error) ? undefined : plainly(told)
      if (!plain) throw error
      return store(plain)
    }
  }

  /** Closes the parked row that the message came from, unless others have. */
  async resolve(tx: Tx, { ref, attempts }: Message, resolution: string): Promise<void> {
    if (ref === undefined) return
    const { parked } = this.#runtime.store
    if ((await parked.get(tx, ref))?.state === 'resolved') return
    await parked.change(tx, ref, { state: 'resolved', attempts, nextAttemptAt: null, resolution })
  }

  async #add(tx: Tx, message: Message, { delayMs, ...why }: Postponement): Promise<void> {
    const { cause, detail, attempts } = why
    const { store } = this.#runtime
    await store.parked.add(tx, {
      ...this.#row(message, cause, detail, attempts),
      state: 'waiting',
      nextAttemptAt: (await store.now()) + delayMs,
      holdsKey: this.#policy.keyWaits && message.key !== undefined,
    })
  }

  /** Undefined when others have resolved or parked it meanwhile: their word holds. */
  async #store(tx: Tx, { message, detail }: Told, cause: string, attempts: number) {
    const { parked } = this.#runtime.store
    const fresh = () => parked.add(tx, this.#row(message, cause, detail, attempts))
    const { ref } = message
    if (ref === undefined) return fresh()
    const found = await parked.get(tx, ref)
    if (found?.state !== 'waiting') return undefined
    const change = { attempts, nextAttemptAt: null } as const
    // It held its key while it was retried, and holds it no longer: that takes another row.
    if (!this.#policy.parkKey && found.holdsKey) {
      await parked.change(tx, ref, { ...change, state: 'resolved', resolution: 'exhausted' })
      return fresh()
    }
    await parked.change(tx, ref, { ...change, state: 'parked', cause, detail })
    return ref
  }

  #row(message: Message, cause: string, detail: string, attempts: number): NewParked {
    const { event, group, id, key = null, headers, body } = message
    return {
      kind: this.#kind,
      event,
      group,
      id,
      key,
      headers,
      body,
      state: 'parked',
      cause,
      detail,
      attempts,
      holdsKey: this.#policy.parkKey && key !== null,
      nextAttemptAt: null,
    }
  }

  #delayMs(failures: number): number {
    return backoffMs(failures, this.#policy, this.#runtime.os.random)
  }

  #cut(text: string): string {
    return causeText(text, this.#runtime.limits)
  }
}

/** A message whose key has too many set aside asks again after this time, ms. */
const CROWDED_MS = 10_000

const BEHIND = { cause: 'BEHIND', detail: 'waits for parked work of its key', delayMs: 0 } as const

const STORE_TROUBLE: ReadonlySet<string> = new Set([
  'STORE_BUSY',
  'STORE_UNUSABLE',
  'COMMIT_FAILED',
  'COMMIT_UNKNOWN',
  'TRANSACTION_LOST',
])

function isTrouble(error: unknown): boolean {
  return error instanceof HufuError && STORE_TROUBLE.has(error.code)
}
