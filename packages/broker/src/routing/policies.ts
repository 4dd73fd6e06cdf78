import type { Policy } from './policy.ts'
import { checkPolicy } from './policy.ts'
import type { QueueType } from './queue-arguments.ts'

/** The definitions that apply to one queue or exchange. */
export interface Applied {
  readonly policy?: Policy | undefined
  readonly operator?: Policy | undefined
}

interface Kept {
  readonly policy: Policy
  readonly matches: (name: string) => boolean
}

/** The policies of one virtual host; those of operators have names of their own. */
export class Policies {
  readonly #compile: (pattern: string) => (name: string) => boolean
  readonly #usual = new Map<string, Kept>()
  readonly #operators = new Map<string, Kept>()

  /** `compile`: a test for a pattern, which throws when the pattern is wrong. */
  constructor(compile: (pattern: string) => (name: string) => boolean) {
    this.#compile = compile
  }

  /**
   * Adds the policy, or puts it in the place of the one with its name.
   * @throws RoutingError `argument`; what `compile` throws
   */
  set(policy: Policy, { operator = false } = {}): void {
    checkPolicy(policy, operator)
    this.#of(operator).set(policy.name, { policy, matches: this.#compile(policy.pattern) })
  }

  /** False when there was none of this name. */
  remove(name: string, { operator = false } = {}): boolean {
    return this.#of(operator).delete(name)
  }

  list({ operator = false } = {}): Policy[] {
    return Array.from(this.#of(operator).values(), (kept) => kept.policy)
  }

  ofQueue(name: string, type: QueueType): Applied {
    return this.#applied(name, ['all', 'queues', `${type}_queues`])
  }

  ofExchange(name: string): Applied {
    return this.#applied(name, ['all', 'exchanges'])
  }

  #applied(name: string, applyTo: readonly string[]): Applied {
    return {
      policy: best(this.#usual, name, applyTo),
      operator: best(this.#operators, name, applyTo),
    }
  }

  #of(operator: boolean): Map<string, Kept> {
    return operator ? this.#operators : this.#usual
  }
}

/** Of equal priorities the first by name, so that the order of coming does not matter. */
function best(
  all: ReadonlyMap<string, Kept>,
  name: string,
  applyTo: readonly string[],
): Policy | undefined {
  let found: Policy | undefined
  for (const { policy, matches } of all.values()) {
    if (!applyTo.includes(policy.applyTo) || !matches(name)) continue
    if (found === undefined || comesBefore(policy, found)) found = policy
  }
  return found
}

function comesBefore(a: Policy, b: Policy): boolean {
  return a.priority === b.priority ? a.name < b.name : a.priority > b.priority
}
