import { AsyncLocalStorage } from 'node:async_hooks'
import { type Os, sleep } from '@hufu/os'
import { backoffMs } from '../backoff.ts'
import { isHufuError, messageOf } from '../errors.ts'
import type { Call } from '../kinds/kind.ts'
import type { Store } from '../ports/store.ts'
import type {
  InsertOutcome,
  NewTransaction,
  TransactionSave,
  WrittenGroup,
} from '../ports/transactions.ts'
import type { Running } from './running.ts'

/** Rows stored with one commit. */
const GROUP_MAX = 512

/** A group takes no more rows beyond so much of their texts, bytes: databases limit statements. */
const GROUP_BYTES = 4 << 20

/** Errors of the whole store: smaller groups would fare no better. */
const OF_THE_STORE: ReadonlySet<string> = new Set([
  'STORE_UNUSABLE',
  'STORE_BUSY',
  'COMMIT_FAILED',
  'COMMIT_UNKNOWN',
  'CLOSED',
])

/** After an error of the store, ms. */
const TROUBLE = { firstMs: 50, capMs: 2_000, jitter: true }

interface Insert {
  readonly row: NewTransaction
  readonly resolve: (outcome: InsertOutcome) => void
  readonly reject: (error: unknown) => void
}

/** One state on its way to the store, with what was decided up to it. */
export interface Saved {
  readonly running: Running
  readonly save: TransactionSave
  readonly calls: readonly Call[]
  readonly ask: boolean
}

interface WriterParts<Tx, Foreign> {
  readonly store: Store<Tx, Foreign>
  readonly os: Os
  readonly owner: () => number
  readonly warn: (text: string) => void
  readonly saveOf: (running: Running) => TransactionSave
  /** Stored: now the calls may be made. */
  readonly onSaved: (saved: Saved) => void
  /** Another coordinator has it. */
  readonly onLost: (running: Running) => void
  /** It is not known whether the row was stored. */
  readonly onUnsure: (row: NewTransaction) => void
}

/**
 * Stores new transactions and changed states, all that came meanwhile with one commit, a few groups
 * at a time: the slower the database, the larger the groups. A transaction is in one of them only.
 */
export class GroupWriter<Tx, Foreign> {
  readonly #parts: WriterParts<Tx, Foreign>
  readonly #inserts: Insert[] = []
  readonly #dirty = new Set<Running>()
  readonly #between: (() => Promise<void>)[] = []
  /** Whoever wakes it may be inside a transaction of the store. */
  readonly #outside = AsyncLocalStorage.snapshot()
  /** Groups on their way to the store, or work that goes alone. */
  #underWay = 0
  /** Rows of the group begun last. */
  #size = 0
  #turning = false
  #busy: PromiseWithResolvers<void> | undefined
  #troubles = 0
  #groupMax = GROUP_MAX

  constructor(parts: WriterParts<Tx, Foreign>) {
    this.#parts = parts
  }

  insert(row: NewTransaction): Promise<InsertOutcome> {
    return new Promise((resolve, reject) => {
      this.#inserts.push({ row, resolve, reject })
      this.#start()
    })
  }

  save(running: Running): void {
    this.#dirty.add(running)
    this.#start()
  }

  /** Runs `work` while nothing is being stored; what it does at its end comes before the rest. */
  between<T>(work: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#between.push(() => work().then(resolve, reject))
      this.#start()
    })
  }

  /** To be stored, and not begun with. */
  get waiting(): number {
    return this.#inserts.length + this.#dirty.size
  }

  /** Resolves when everything given so far is stored, or refused. */
  async idle(): Promise<void> {
    await this.#busy?.promise
  }

  #start(): void {
    this.#busy ??= Promise.withResolvers()
    if (this.#turning) return
    this.#turning = true
    // What this turn still brings goes along.
    this.#outside(() =>
      this.#parts.os.clock.turn(() => {
        this.#turning = false
        this.#next()
      }),
    )
  }

  #next(): void {
    const [alone] = this.#between
    if (alone === undefined) while (this.#isTime && this.#begin());
    else if (this.#underWay === 0) this.#alone()
    if (this.#underWay > 0 || this.#turning) return
    this.#busy?.resolve()
    this.#busy = undefined
  }

  #ended(): void {
    this.#underWay--
    this.#next()
  }

  async #alone(): Promise<void> {
    this.#underWay++
    const work = this.#between[0]!
    await work()
    this.#between.shift()
    this.#ended()
  }

  /** A further group beside one under way is not to be much smaller: each has its own commit. */
  get #isTime(): boolean {
    if (this.#underWay === 0) return true
    return this.#underWay < this.#width && this.waiting >= this.#size / 2
  }

  /** In trouble, one at a time: what is wrong is found by halving, and the rest must not wait. */
  get #width(): number {
    const inTrouble = this.#troubles > 0 || this.#groupMax < GROUP_MAX
    return inTrouble ? 1 : (this.#parts.store.transactions.groupsAtOnce ?? 1)
  }

  /** False: nothing can go now. */
  #begin(): boolean {
    const inserts = this.#takeInserts()
    const owner = this.#parts.owner()
    // Without a lease nothing is in hand: 0 is the name of nobody's rows.
    const saves = owner === 0 ? [] : this.#takeSaves()
    if (owner === 0) this.#dirty.clear()
    if (inserts.length + saves.length === 0) return false
    this.#size = inserts.length + saves.length
    this.#underWay++
    this.#group(owner, inserts, saves).then(() => this.#ended())
    return true
  }

  async #group(owner: number, inserts: readonly Insert[], saves: readonly Saved[]): Promise<void> {
    try {
      const { outcomes, lost } = await this.#store(owner, inserts, saves)
      this.#troubles = 0
      this.#groupMax = Math.min(GROUP_MAX, this.#groupMax * 2)
      for (const { running } of saves) running.saving = false
      for (const [at, { resolve }] of inserts.entries()) resolve(outcomes[at]!)
      for (const saved of saves) this.#saved(saved, lost.has(saved.running.id))
    } catch (error) {
      for (const { running } of saves) running.saving = false
      await this.#failed(error, inserts, saves)
    }
  }

  async #store(owner: number, inserts: readonly Insert[], saves: readonly Saved[]) {
    const { transactions } = this.#parts.store
    const rows = inserts.map(({ row }) => row)
    const states = saves.map(({ save }) => save)
    const { outcomes, lost } = transactions.writeGroup
      ? await transactions.writeGroup(owner, rows, states)
      : await this.#inTransaction(owner, rows, states)
    return { outcomes, lost: new Set(lost) }
  }

  #inTransaction(
    owner: number,
    rows: readonly NewTransaction[],
    saves: readonly TransactionSave[],
  ): Promise<WrittenGroup> {
    const { store } = this.#parts
    return store.transaction(async (tx) => {
      const outcomes = rows.length > 0 ? await store.transactions.insertAll(tx, rows) : []
      const lost = saves.length > 0 ? await store.transactions.save(tx, owner, saves) : []
      return { outcomes, lost }
    })
  }

  #takeInserts(): Insert[] {
    let bytes = 0
    let count = 0
    for (const { row } of this.#inserts) {
      if (count === this.#groupMax || bytes > GROUP_BYTES) break
      bytes += row.input.length + row.state.length
      count++
    }
    return this.#inserts.splice(0, count)
  }

  #takeSaves(): Saved[] {
    const saves: Saved[] = []
    let bytes = 0
    for (const running of this.#dirty) {
      if (saves.length === this.#groupMax || bytes > GROUP_BYTES) break
      if (running.saving && !running.over) continue
      this.#dirty.delete(running)
      if (running.over) continue
      const save = this.#parts.saveOf(running)
      bytes += save.state.length
      const { calls, ask } = running
      running.dirty = false
      running.saving = true
      running.calls = []
      running.ask = false
      saves.push({ running, calls, ask, save })
    }
    return saves
  }

  #saved(saved: Saved, lost: boolean): void {
    const { running } = saved
    if (running.over) return
    if (lost) return this.#parts.onLost(running)
    running.noteSaved()
    this.#parts.onSaved(saved)
  }

  /**
   * What was to be stored for the first time is refused; what has begun is stored again later. One
   * row that the database does not take must not keep the others from it: the group is halved until
   * that one is alone.
   */
  async #failed(error: unknown, inserts: readonly Insert[], saves: readonly Saved[]) {
    const { warn, os } = this.#parts
    const count = inserts.length + saves.length
    const ofTheStore = isHufuError(error) && OF_THE_STORE.has(error.code)
    const halve = count > 1 && !ofTheStore
    if (halve) this.#groupMax = Math.max(1, count >> 1)
    if (halve) this.#inserts.unshift(...inserts)
    else this.#refuse(error, inserts)
    for (const { running, calls, ask } of saves) {
      if (running.over) continue
      running.calls = [...calls, ...running.calls]
      running.ask ||= ask
      running.dirty = true
      this.#dirty.add(running)
    }
    // One new row that was refused is no reason for the others to wait.
    if (halve || (saves.length === 0 && !ofTheStore)) return
    const pauseMs = backoffMs(++this.#troubles, TROUBLE, os.random)
    warn(`Saving ${saves.length} transactions: ${messageOf(error)}; again in ${pauseMs} ms`)
    await sleep(os.clock, pauseMs)
  }

  #refuse(error: unknown, inserts: readonly Insert[]): void {
    for (const { row, reject } of inserts) {
      // Only a commit whose answer was lost may have stored it, under this coordinator's number.
      const mayBeThere = !isHufuError(error) || isHufuError(error, 'COMMIT_UNKNOWN')
      if (mayBeThere && row.owner !== 0) this.#parts.onUnsure(row)
      reject(error)
    }
  }
}
