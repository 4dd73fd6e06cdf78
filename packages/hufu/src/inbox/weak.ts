import { HufuError } from '../errors.ts'
import { Failure } from '../outcome.ts'
import type { ReceiptRow } from '../ports/store.ts'
import type { Definition } from '../service/definition.ts'
import type { Runtime } from '../service/runtime.ts'
import { contextOf, HANDLER_MS } from './context.ts'
import type { WeakGuard } from './guard.ts'
import type { Message, Postponement, Verdict, Work } from './message.ts'
import type { ConsumeContext } from './options.ts'
import { Parker, Unworkable } from './parker.ts'
import { jsonWithin, readPayload, resultText } from './payload.ts'
import type { Policy } from './policy.ts'
import type { Run } from './run.ts'

export type AnyWeakHandler = (payload: unknown, ctx: ConsumeContext) => unknown

/** The header in which a producer sends the token of `weakToken`. */
const TOKEN = 'token'

/** A message that somebody else has at work is looked at again after this time, ms. */
const BUSY_MS = 1_000

/** Weak idempotency: a guard that forgets, no transaction. */
export class WeakWork<Tx> implements Work {
  readonly #runtime: Runtime<Tx>
  readonly #definition: Definition<Tx>
  readonly #guard: WeakGuard
  readonly #handler: AnyWeakHandler
  readonly #policy: Policy
  readonly #parker: Parker<Tx>

  constructor(
    runtime: Runtime<Tx>,
    definition: Definition<Tx>,
    guard: WeakGuard,
    handler: AnyWeakHandler,
    policy: Policy,
  ) {
    this.#runtime = runtime
    this.#definition = definition
    this.#guard = guard
    this.#handler = handler
    this.#policy = policy
    this.#parker = new Parker(runtime, 'consume', policy)
  }

  async handle(message: Message, run: Run): Promise<Verdict> {
    try {
      if (await this.#parker.waits(message)) return { outcome: 'done', how: 'parked' }
      const behind = await this.#behind(message)
      if (behind) return behind
      this.#parker.demandAttempt(message)
      const key = `${message.event}/${message.group}/${message.id}`
      const begun = await this.#guard.begin(key, message.headers[TOKEN])
      if (begun.state === 'busy') return { outcome: 'later', delayMs: BUSY_MS }
      if (begun.state === 'done') return await this.#done(message, begun.result, 'repeated')
      return await this.#work(message, begun.mark, run)
    } catch (error) {
      const refused = error instanceof HufuError && TOKEN_ERRORS.has(error.code)
      const cause = refused ? new Unworkable(error.code, error.message) : error
      return this.#parker.after(message, cause)
    }
  }

  postpone(message: Message, postponement: Postponement): Promise<void> {
    return this.#parker.postpone(message, postponement)
  }

  async #behind(message: Message): Promise<Verdict | undefined> {
    if (!this.#policy.keyWaits) return undefined
    return this.#runtime.store.transaction((tx) => this.#parker.behind(tx, message))
  }

  async #work(message: Message, mark: string, run: Run): Promise<Verdict> {
    let answer: string
    try {
      answer = await this.#answer(message, run)
    } catch (error) {
      run.abort()
      await this.#guard.release(mark)
      throw error
    }
    await this.#guard.finish(mark, answer)
    return this.#done(message, answer, answer.startsWith('{"code"') ? 'failed' : 'handled')
  }

  /** JSON of the result, or of the business failure. */
  async #answer(message: Message, run: Run): Promise<string> {
    const { limits } = this.#runtime
    const payload = await readPayload(this.#definition, message.body)
    const ctx = contextOf(this.#runtime, message, this.#policy, run)
    try {
      const result = await this.#inTime(run, async () => this.#handler(payload, ctx))
      return await resultText(this.#definition, message.group, result, limits)
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      const { code, message: words, data } = error
      return jsonWithin({ code, message: words, data }, limits, 'Keeping a failure')
    }
  }

  async #inTime<T>(run: Run, handle: () => Promise<T>): Promise<T> {
    const ms = this.#policy.timeoutMs ?? HANDLER_MS
    const timeout = Promise.withResolvers<never>()
    const timer = this.#runtime.os.clock.timer(ms, () =>
      timeout.reject(new Error(`the handler took longer than ${ms} ms`)),
    )
    try {
      return await run.guard(() => Promise.race([handle(), timeout.promise]))
    } finally {
      timer.cancel()
    }
  }

  async #done(message: Message, body: string, how: 'handled' | 'repeated' | 'failed') {
    const { event, id, group, ref } = message
    const outcome = body.startsWith('{"code"') ? 'failed' : 'done'
    if (ref !== undefined) {
      const { store } = this.#runtime
      await store.transaction((tx) => this.#parker.resolve(tx, message, outcome))
    }
    const receipt: ReceiptRow = { event, id, group, outcome, body }
    return { outcome: 'done', how, receipt } as const
  }
}

const TOKEN_ERRORS: ReadonlySet<string> = new Set(['TOKEN_MISSING', 'TOKEN_USED'])
