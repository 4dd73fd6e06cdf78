import type { Binding, Destination } from './exchange.ts'
import type { Arguments } from './fields.ts'

/** Finds the bindings of one exchange that a message takes. */
export interface Matcher {
  /** The same message may match otherwise next time, though no binding changed. */
  readonly volatile: boolean
  /** Each binding is added once. */
  add(binding: Binding): void
  remove(binding: Binding): void
  /** Calls `visit` at least once for each destination. `headers` is called only when needed. */
  match(key: string, headers: () => Arguments, visit: (to: Destination) => void): void
}
