import type { Clock, Timer } from '@hufu/os'
import { DueHeap } from '../schedule/due-heap.ts'
import type { Outcome, Prepared, PreparedTable } from './table.ts'

export type Answer = Outcome | 'unknown'

/** A living producer that can say what became of a transaction. */
export interface Answerer {
  readonly group: string
  ask(prepared: Prepared): Promise<Answer>
}

/** What the check-back writes down; both are durable before they count. */
export interface CheckLog {
  decide(prepared: Prepared, outcome: Outcome): Promise<void>
  /** Stores the count of askings, the time of the next one, and whether it is parked. */
  checked(prepared: Prepared, checks: number, nextAt: number, parked: boolean): Promise<void>
}

export interface CheckBackOptions {
  readonly clock: Clock
  /** Broker time, ms. */
  readonly time: () => number
  readonly table: PreparedTable
  readonly log: CheckLog
  readonly warn: (text: string) => void
}

/** An asking that a connected producer leaves unanswered for so long counts, ms. */
const ANSWER_MS = 10_000

/** Askings under way at a time; the rest waits for its turn. */
const ASKING_MAX = 256

/**
 * Asks producers back for transactions whose second word did not come. An asking counts when it was
 * answered "unknown", or not at all by a producer that stayed; while none of the group is there
 * nothing is used up.
 */
export class CheckBack {
  readonly #options: CheckBackOptions
  readonly #answerers = new Map<string, readonly Answerer[]>()
  readonly #due = new DueHeap()
  /** Due, by group; they wait for a producer or for their turn. */
  readonly #ready = new Map<string, Prepared[]>()
  #asking = 0
  /** What was answered and is on its way to the disk. */
  readonly #writing = new Set<Promise<unknown>>()
  #timer: Timer | undefined
  #stopped = false

  constructor(options: CheckBackOptions) {
    this.#options = options
    for (const prepared of options.table.values()) this.track(prepared)
  }

  /** From now on it is asked for, at its time; again after each change of that time. */
  track(prepared: Prepared): void {
    if (prepared.parked) return
    this.#due.push(prepared.nextAt, 0, prepared.batch)
    this.#arm()
  }

  /** A producer of the group is there, until the returned function is called. */
  register(answerer: Answerer): () => void {
    const { group } = answerer
    this.#answerers.set(group, [...this.#of(group), answerer])
    this.#askReady(group)
    return () => {
      const left = this.#of(group).filter((other) => other !== answerer)
      if (left.length === 0) this.#answerers.delete(group)
      else this.#answerers.set(group, left)
    }
  }

  /** No more askings; resolves when nothing that was answered is being written any more. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#timer?.cancel()
    await Promise.allSettled(this.#writing)
  }

  #arm(): void {
    this.#timer?.cancel()
    const next = this.#due.peekDue()
    if (this.#stopped || next === Number.POSITIVE_INFINITY) return
    const { clock, time } = this.#options
    this.#timer = clock.timer(Math.max(0, next - time()), () => this.#fire(), { background: true })
  }

  #fire(): void {
    const { table, time } = this.#options
    const groups = new Set<string>()
    while (this.#due.peekDue() <= time() && this.#due.pop()) {
      const prepared = table.ofBatch(this.#due.id)
      if (prepared === undefined || prepared.nextAt !== this.#due.dueAt) continue
      this.#wait(prepared)
      groups.add(prepared.group)
    }
    for (const group of groups) this.#askReady(group)
    this.#arm()
  }

  #wait(prepared: Prepared): void {
    const ready = this.#ready.get(prepared.group)
    if (ready === undefined) this.#ready.set(prepared.group, [prepared])
    else ready.push(prepared)
  }

  #of(group: string): readonly Answerer[] {
    return this.#answerers.get(group) ?? []
  }

  #askReady(group: string): void {
    const ready = this.#ready.get(group) ?? []
    while (ready.length > 0 && this.#of(group).length > 0 && this.#asking < ASKING_MAX) {
      const prepared = ready.shift()!
      if (this.#isOpen(prepared)) this.#start(prepared)
    }
    if (ready.length === 0) this.#ready.delete(group)
  }

  #isOpen(prepared: Prepared): boolean {
    return !this.#stopped && this.#options.table.ofBatch(prepared.batch) === prepared
  }

  #start(prepared: Prepared): void {
    this.#asking++
    this.#ask(prepared)
      .catch((error) => this.#options.warn(`Asking back for ${prepared.transactionId}: ${error}`))
      .finally(() => {
        this.#asking--
        for (const group of [...this.#ready.keys()]) this.#askReady(group)
      })
  }

  async #ask(prepared: Prepared): Promise<void> {
    const answerer = this.#nextOf(prepared.group)
    const answer = await this.#answerOf(answerer, prepared)
    const { log, time } = this.#options
    // Decided meanwhile, by its own producer or a person.
    if (!this.#isOpen(prepared)) return
    const known = answer === 'commit' || answer === 'rollback'
    if (known && (await this.#decided(prepared, answer))) return
    // The broker may be closing by now: nothing is written behind its last word.
    if (!this.#isOpen(prepared)) return
    const gone = !this.#of(prepared.group).includes(answerer)
    if (answer === 'none' && gone) return this.#wait(prepared)
    // An answer that could not be stored now is asked for again, and has used up nothing.
    const checks = prepared.checks + (known ? 0 : 1)
    const parked = checks >= prepared.checksMax
    const nextAt = Math.ceil(time() + prepared.everyMs)
    await this.#write(log.checked(prepared, checks, nextAt, parked))
    if (this.#isOpen(prepared)) this.track(prepared)
  }

  /** Round robin. */
  #nextOf(group: string): Answerer {
    const [first, ...others] = this.#of(group)
    this.#answerers.set(group, [...others, first!])
    return first!
  }

  async #write(work: Promise<void>): Promise<void> {
    this.#writing.add(work)
    try {
      await work
    } finally {
      this.#writing.delete(work)
    }
  }

  /** False when it could not be decided now, as when a batch is about to. */
  async #decided(prepared: Prepared, outcome: Outcome): Promise<boolean> {
    try {
      await this.#write(this.#options.log.decide(prepared, outcome))
      return true
    } catch (error) {
      this.#options.warn(`Deciding ${prepared.transactionId}: ${String(error)}`)
      return false
    }
  }

  #answerOf(answerer: Answerer, prepared: Prepared): Promise<Answer | 'none'> {
    return new Promise((resolve) => {
      const timer = this.#options.clock.timer(ANSWER_MS, () => resolve('none'))
      const settle = (answer: Answer) => {
        timer.cancel()
        resolve(answer)
      }
      answerer.ask(prepared).then(settle, (error) => {
        this.#options.warn(`Asking back for ${prepared.transactionId}: ${String(error)}`)
        settle('unknown')
      })
    })
  }
}
