import type { Binding, Destination } from './exchange.ts'
import type { Arguments } from './fields.ts'
import type { Matcher } from './matcher.ts'

/** The binding key is the routing key. */
export class DirectMatcher implements Matcher {
  readonly volatile = false
  readonly #byKey = new Map<string, Set<Binding>>()

  add(binding: Binding): void {
    const known = this.#byKey.get(binding.key)
    if (known === undefined) this.#byKey.set(binding.key, new Set([binding]))
    else known.add(binding)
  }

  remove(binding: Binding): void {
    const known = this.#byKey.get(binding.key)
    known?.delete(binding)
    if (known?.size === 0) this.#byKey.delete(binding.key)
  }

  match(key: string, _headers: () => Arguments, visit: (to: Destination) => void): void {
    const found = this.#byKey.get(key)
    if (found === undefined) return
    for (const binding of found) visit(binding.destination)
  }
}
