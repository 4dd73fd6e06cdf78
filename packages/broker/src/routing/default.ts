import type { Destination } from './exchange.ts'
import type { Arguments } from './fields.ts'
import type { Matcher } from './matcher.ts'

const NONE: readonly string[] = []

/** The default exchange: a message goes to the queue that its routing key names. */
export class DefaultMatcher implements Matcher {
  readonly volatile = true
  readonly #queues = new Map<string, readonly [string]>()

  has(name: string): boolean {
    return this.#queues.has(name)
  }

  addQueue(name: string): void {
    this.#queues.set(name, [name])
  }

  removeQueue(name: string): void {
    this.#queues.delete(name)
  }

  /** The queue as a list, which is always the same one; empty when there is none. */
  listOf(name: string): readonly string[] {
    return this.#queues.get(name) ?? NONE
  }

  add(): void {
    throw new TypeError('Binding to the default exchange: it has one binding per queue only')
  }

  remove(): void {}

  match(key: string, _headers: () => Arguments, visit: (to: Destination) => void): void {
    if (this.#queues.has(key)) visit({ kind: 'queue', name: key })
  }
}
