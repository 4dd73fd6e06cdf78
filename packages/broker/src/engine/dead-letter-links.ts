import type { EngineQueue } from './engine-queue.ts'

/** Which queues dead-letter to which, so that none goes that another one needs. */
export class DeadLetterLinks {
  readonly #sources = new Map<string, Set<EngineQueue>>()

  add(queue: EngineQueue): void {
    const { deadLetter } = queue.options
    if (deadLetter === null) return
    const sources = this.#sources.get(deadLetter) ?? new Set()
    this.#sources.set(deadLetter, sources.add(queue))
  }

  remove(queue: EngineQueue): void {
    const { deadLetter } = queue.options
    if (deadLetter === null) return
    const sources = this.#sources.get(deadLetter)
    sources?.delete(queue)
    if (sources?.size === 0) this.#sources.delete(deadLetter)
  }

  /** A queue that dead-letters to the one of this name. */
  sourceOf(name: string): EngineQueue | undefined {
    return this.#sources.get(name)?.values().next().value
  }
}
