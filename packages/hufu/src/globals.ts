import { AsyncLocalStorage } from 'node:async_hooks'
import type { CommandCall } from './command.ts'
import { bind } from './coordinator/bind.ts'
import { Coordinator } from './coordinator/coordinator.ts'
import { Handle } from './coordinator/handle.ts'
import type { CoordinatorOptions } from './coordinator/options.ts'
import { TransactionVerbs } from './coordinator/verbs.ts'
import { HufuError } from './errors.ts'
import type { TransactionDefinition } from './kinds/definition.ts'
import type { Receipt } from './service/receipt.ts'
import type { Runtime } from './service/runtime.ts'

/**
 * The global transactions of one Hufu: their definitions and the coordinator. It is started with
 * the first definition: a service without any registers no coordinator in its database.
 */
export class Globals<Tx, Foreign> {
  readonly verbs: TransactionVerbs<Tx, Foreign>
  readonly coordinator: Coordinator<Tx, Foreign>
  readonly #runtime: Runtime<Tx, Foreign>
  /** Its first user may be inside a transaction of the store. */
  readonly #outside = AsyncLocalStorage.snapshot()
  #open = false
  #starting: Promise<void> | undefined

  constructor(runtime: Runtime<Tx, Foreign>, options: CoordinatorOptions) {
    this.#runtime = runtime
    this.coordinator = new Coordinator(runtime, options)
    this.verbs = new TransactionVerbs(runtime, this.coordinator, () => this.#ready())
  }

  // biome-ignore lint/suspicious/noExplicitAny: the machinery is untyped inside
  define(definition: TransactionDefinition<Tx, any, any, any, any>): Handle<Tx, Foreign> {
    const { definitions } = this.coordinator
    const { name } = definition
    if (definitions.named(name) !== undefined) {
      throw new HufuError('DEFINITION_DUPLICATE', `Defining ${name}: it is defined already`)
    }
    const bound = bind(definition, this.#runtime.store)
    definitions.add(bound)
    if (this.#open) this.#ready().catch(() => undefined)
    return new Handle(this.#runtime, () => this.#ready(), bound)
  }

  /** The coordinator, started. Rejects while Hufu is not started. */
  get ready(): () => Promise<Coordinator<Tx, Foreign>> {
    return () => this.#ready()
  }

  /** The reply to a command; where nobody waits for it here, the one who does will find it. */
  told(id: string, { branch, op }: CommandCall, receipt: Receipt<unknown>): void {
    if (receipt.outcome === 'done') {
      this.coordinator.tell(id, { type: 'succeeded', branch, op, result: receipt.result })
    } else {
      const { code, message: detail, data } = receipt
      this.coordinator.tell(id, { type: 'refused', branch, op, code, detail, data })
    }
  }

  /** The store is open. */
  async start(): Promise<void> {
    this.#open = true
    if (!this.coordinator.definitions.empty) await this.#ready()
  }

  async stop(drainMs: number): Promise<void> {
    this.#open = false
    const starting = this.#starting
    this.#starting = undefined
    if (starting === undefined) return
    await starting.catch(() => undefined)
    await this.coordinator.stop(drainMs)
  }

  async #ready(): Promise<Coordinator<Tx, Foreign>> {
    if (!this.#open) {
      const text = 'Hufu is not started'
      throw new HufuError(
        'CLOSED',
        `Using global transactions of ${this.#runtime.service}: ${text}`,
      )
    }
    this.#starting ??= this.#outside(() => this.#begin())
    await this.#starting
    return this.coordinator
  }

  async #begin(): Promise<void> {
    try {
      await this.coordinator.start()
    } catch (error) {
      this.#starting = undefined
      throw error
    }
  }
}
