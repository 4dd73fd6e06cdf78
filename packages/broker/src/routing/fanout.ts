import type { Binding, Destination } from './exchange.ts'
import type { Arguments } from './fields.ts'
import type { Matcher } from './matcher.ts'

/** Every binding takes every message. */
export class FanoutMatcher implements Matcher {
  readonly volatile = false
  readonly #bindings = new Set<Binding>()

  add(binding: Binding): void {
    this.#bindings.add(binding)
  }

  remove(binding: Binding): void {
    this.#bindings.delete(binding)
  }

  match(_key: string, _headers: () => Arguments, visit: (to: Destination) => void): void {
    for (const binding of this.#bindings) visit(binding.destination)
  }
}
