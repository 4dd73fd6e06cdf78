import type { Findings } from '../world/findings.ts'
import { type Copy, nameOf } from './copy.ts'

/** Order within a key, in the one queue that is always consumed by key. */
export class KeyOrder {
  readonly #findings: Findings
  /** By key: the furthest message delivered so far, and the one under way. */
  readonly #furthest = new Map<string, { copy: Copy; id: number }>()
  readonly #last = new Map<string, Copy>()

  constructor(findings: Findings) {
    this.#findings = findings
  }

  deliver(copy: Copy, queue: string, id: number): void {
    const { key } = copy.sent
    if (queue !== 'ordered' || key === undefined) return
    const last = this.#last.get(key)
    const under = last !== undefined && last.holder !== undefined && last.deadId === undefined
    const alone = last === copy || !under
    const both = () => `${nameOf(copy)} while ${last && nameOf(last)} is unsettled`
    this.#findings.check(alone, 'one message of a key at a time', both)
    this.#last.set(key, copy)
    if (copy.unordered) return
    const furthest = this.#furthest.get(key)
    const inOrder = furthest === undefined || furthest.id <= id
    const turned = () => `${nameOf(copy)} after ${furthest && nameOf(furthest.copy)}, key ${key}`
    this.#findings.check(inOrder, 'the messages of a key come in order', turned)
    if (inOrder) this.#furthest.set(key, { copy, id })
  }
}
