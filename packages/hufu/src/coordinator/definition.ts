import type { BaseState, Kind } from '../kinds/kind.ts'
import type { Op, Participant } from '../ports/participant.ts'
import type { FenceWord } from '../ports/store.ts'
import type { DefinitionRef, TransactionKind } from '../ports/transactions.ts'
import type { StandardSchema } from '../schema.ts'

/** A definition as the coordinator sees it, untyped. */
export interface Definition {
  readonly kind: TransactionKind
  readonly name: string
  readonly hash: string
  readonly plan: unknown
  readonly logic: AnyKind
  readonly schema: StandardSchema
  participant(branch: string, op: Op): Participant
  /** What the branches that are done returned, as the user sees it. */
  results(state: AnyState): Readonly<Record<string, unknown>>
  /** A refusal of this operation decides the transaction, so it must last. */
  refusalLasts(branch: string, op: Op): boolean
  /** Longest call, ms. */
  timeoutMs(branch: string, op: Op): number
  /**
   * Two-phase message: writes the word of the local transaction unless one is there; the one that
   * stands. May throw: not known yet.
   */
  readonly fence?: (id: string, word: FenceWord) => Promise<FenceWord>
}

// biome-ignore lint/suspicious/noExplicitAny: plan and state are the kind's own
export type AnyKind = Kind<any, any>

export type AnyState = BaseState

/** The definitions of this process, by name. */
export class Definitions {
  readonly #byName = new Map<string, Definition>()

  add(definition: Definition): void {
    this.#byName.set(definition.name, definition)
  }

  get empty(): boolean {
    return this.#byName.size === 0
  }

  named(name: string): Definition | undefined {
    return this.#byName.get(name)
  }

  /** The definition that a stored transaction was begun with; none when it has changed since. */
  of({ name, hash }: DefinitionRef): Definition | undefined {
    const found = this.#byName.get(name)
    return found?.hash === hash ? found : undefined
  }

  refs(): DefinitionRef[] {
    return [...this.#byName.values()].map(({ name, hash }) => ({ name, hash }))
  }
}
