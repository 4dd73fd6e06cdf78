/** What passes the gate. */
export interface Keyed {
  readonly key?: string
}

/**
 * Says which deliveries go to the library: at most `credit` at a time and, where order is kept by
 * key, one of a key, in the order in which they came.
 */
export class Gate<T extends Keyed> {
  readonly #byKey: boolean
  #credit: number
  #out = 0
  #ready: T[] = []
  /** Of each key that is at work or waits for its turn: what stands behind it. */
  readonly #behind = new Map<string, T[]>()

  constructor(credit: number, byKey: boolean) {
    this.#credit = credit
    this.#byKey = byKey
  }

  set credit(credit: number) {
    this.#credit = credit
  }

  add(item: T): void {
    const key = this.#keyOf(item)
    const behind = key === undefined ? undefined : this.#behind.get(key)
    if (behind) return void behind.push(item)
    if (key !== undefined) this.#behind.set(key, [])
    this.#ready.push(item)
  }

  /** What may go to the library now. */
  take(): T[] {
    const taken = this.#ready.splice(0, Math.max(0, this.#credit - this.#out))
    this.#out += taken.length
    return taken
  }

  /** It is settled: the next of its key may go. */
  release(item: T): void {
    this.#out--
    const key = this.#keyOf(item)
    if (key === undefined) return
    const next = this.#behind.get(key)!.shift()
    if (next) this.#ready.push(next)
    else this.#behind.delete(key)
  }

  /** It left the library and will come again; its key waits. */
  hold(): void {
    this.#out--
  }

  /** One that was held may go again. */
  again(item: T): void {
    this.#ready.push(item)
  }

  #keyOf({ key }: Keyed): string | undefined {
    return this.#byKey ? key : undefined
  }
}
