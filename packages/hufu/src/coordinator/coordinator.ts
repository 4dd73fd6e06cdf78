import { sleep } from '@hufu/os'
import { HufuError, messageOf } from '../errors.ts'
import type { Call, Event } from '../kinds/kind.ts'
import {
  isFinal,
  type NewTransaction,
  type TransactionRow,
  type TransactionSave,
} from '../ports/transactions.ts'
import type { Runtime } from '../service/runtime.ts'
import { Caller, type Happening } from './caller.ts'
import { Claimer } from './claimer.ts'
import { type AnyState, type Definition, Definitions } from './definition.ts'
import { GroupWriter, type Saved } from './group-writer.ts'
import { CoordinatorLease } from './lease.ts'
import type { CoordinatorOptions } from './options.ts'
import { Running } from './running.ts'
import { type Stored, Waiters } from './waiters.ts'

/** A timer that rang too early is set again for at least this time, ms. */
const TICK_MS = 5

/**
 * Drives the global transactions of a store: loads, decides, saves, and only then acts. Several
 * processes may do so on one database; each has its own transactions, and takes over those of one
 * that is gone.
 */
export class Coordinator<Tx, Foreign> {
  readonly definitions = new Definitions()
  readonly lease: CoordinatorLease<Tx, Foreign>
  readonly #runtime: Runtime<Tx, Foreign>
  readonly #options: CoordinatorOptions
  readonly #writer: GroupWriter<Tx, Foreign>
  readonly #running = new Map<string, Running>()
  #bytes = 0
  readonly #waiters = new Waiters()
  readonly #claimer: Claimer<Tx, Foreign>
  readonly #caller: Caller<Tx, Foreign>

  constructor(runtime: Runtime<Tx, Foreign>, options: CoordinatorOptions) {
    const { store, os, warn } = runtime
    this.#runtime = runtime
    this.#options = options
    const { leaseMs } = options
    const onLost = () => this.#dropAll()
    this.#caller = new Caller(runtime, options.callsMax, (...heard) => this.#tell(...heard))
    this.lease = new CoordinatorLease({ store, os, leaseMs, warn, onLost })
    this.#writer = new GroupWriter({
      store,
      os,
      warn,
      owner: () => this.lease.owner,
      saveOf: (running) => this.#saveOf(running),
      onSaved: (saved) => this.#saved(saved),
      onLost: (running) => this.#lost(running),
      onUnsure: (row) =>
        this.#claimer.lookFor(row.id, (tx) => store.transactions.insertAll(tx, [row])),
    })
    this.#claimer = new Claimer(runtime, options, this.lease, {
      definitions: this.definitions,
      room: () => this.#room,
      calls: () => this.#caller.underWay,
      saves: () => this.#writer.waiting,
      adopt: (row) => this.#adopt(row),
    })
  }

  async start(): Promise<void> {
    await this.lease.begin()
    this.#claimer.start()
  }

  /** Begins no more; waits up to `drainMs` for calls under way; others may go on at once. */
  async stop(drainMs: number): Promise<void> {
    await this.#claimer.stop()
    const { clock } = this.#runtime.os
    const until = clock.mono() + drainMs
    while (this.#caller.underWay > 0 && clock.mono() < until) await sleep(clock, TICK_MS)
    await this.#writer.idle()
    this.#dropAll()
    await this.lease.end()
  }

  /** Something may be there to be claimed. */
  wake(): void {
    this.#claimer.wake()
  }

  get inHand(): number {
    return this.#running.size
  }

  /** A new transaction: stored, then begun. `repeated`: the id is known, with the same input. */
  async submit(definition: Definition, given: Submission): Promise<{ repeated: boolean }> {
    if (this.#room <= 0) throw tooMany(definition, given.id)
    // Without a lease nothing is begun: whoever has one claims it.
    if (!this.lease.holds) return this.#leaveNew(definition, given)
    const at = this.lease.time()
    const { plan, logic } = definition
    const first: Event = { type: 'started', at, random: this.#runtime.os.random.next() }
    const { state, calls, ask } = logic.decide(plan, logic.begin(plan, at), first)
    const row = rowOf(definition, given, state, this.lease.owner)
    const outcome = await this.#writer.insert(row)
    if (outcome === 'reused') throw reused(definition, given.id)
    if (outcome === 'repeated') return { repeated: true }
    this.#adoptNew(row, definition, { state, calls, ask: ask === true })
    return { repeated: false }
  }

  /** As `submit`, in the user's transaction: it begins when that is committed. */
  async submitIn(tx: Tx | Foreign, definition: Definition, given: Submission) {
    const state = definition.logic.begin(definition.plan, this.lease.time())
    return this.#runtime.store.transactions.insert(tx, rowOf(definition, given, state, 0))
  }

  async #leaveNew(definition: Definition, given: Submission): Promise<{ repeated: boolean }> {
    const state = definition.logic.begin(definition.plan, this.lease.time())
    const outcome = await this.#writer.insert(rowOf(definition, given, state, 0))
    if (outcome === 'reused') throw reused(definition, given.id)
    return { repeated: outcome === 'repeated' }
  }

  /** Tells a transaction that this process has in hand; false: it has not. */
  tell(id: string, happening: Happening): boolean {
    const running = this.#running.get(id)
    if (running === undefined || running.over) return false
    this.#tell(running, happening)
    return true
  }

  /**
   * What a person says of a row that `take` gives to this coordinator: stored when this resolves.
   * No state of it is stored meanwhile, so that nothing is decided upon an older one.
   */
  async order(
    definition: Definition,
    happening: Happening,
    take: () => Promise<TransactionRow>,
  ): Promise<void> {
    const work = async () => ({ saved: this.#order(await take(), definition, happening) })
    const { saved } = await this.#writer.between(work)
    await saved
  }

  #order(row: TransactionRow, definition: Definition, happening: Happening): Promise<void> {
    if (row.owner !== this.lease.owner) {
      const text = 'the lease of this process has ended meanwhile'
      throw new HufuError('CLOSED', `${happening.type} of transaction ${row.id}: ${text}`)
    }
    const before = this.#running.get(row.id)
    if (before !== undefined) this.#forget(before)
    const running = new Running(row, definition)
    this.#hold(running)
    this.#tell(running, { type: 'recovered' })
    try {
      this.#take(running, happening)
    } catch (error) {
      // What was under way has ended meanwhile; it goes on without the word.
      if (!running.over && !running.dirty) this.#act(running, [], false)
      throw error
    }
    return running.saved()
  }

  /** A row was to be taken for a person, and it was not heard whether that is stored. */
  mayHaveTaken(id: string, owner: number): void {
    const { transactions } = this.#runtime.store
    this.#claimer.lookFor(id, (tx) => transactions.take(tx, owner, id))
    this.wake()
  }

  /**
   * Resolves when the transaction is not `running` any more, with what is stored of it, or after
   * `ms`. Undefined: there is none, or the time is over.
   */
  async settled(id: string, ms: number): Promise<Stored | undefined> {
    const { clock } = this.#runtime.os
    const until = clock.mono() + ms
    const stored = this.#running.has(id) ? await this.#waiters.wait(id, ms, clock) : undefined
    return stored ?? this.#poll(id, until)
  }

  async #poll(id: string, until: number): Promise<Stored | undefined> {
    const { store, os } = this.#runtime
    while (os.clock.mono() < until) {
      const row = await store.transactions.get(id)
      if (row?.status !== 'running') return row
      const pauseMs = Math.min(this.#options.pollMs, until - os.clock.mono())
      const stored = await this.#waiters.wait(id, pauseMs, os.clock)
      if (stored !== undefined) return stored
    }
    return undefined
  }

  /** How many more may be in hand. */
  get #room(): number {
    const { bytesMax, runningMax } = this.#options
    return this.#bytes > bytesMax ? 0 : runningMax - this.#running.size
  }

  #hold(running: Running): void {
    this.#running.set(running.id, running)
    this.#bytes += running.bytes
  }

  #adoptNew(row: NewTransaction, definition: Definition, { state, calls, ask }: Begun): void {
    // Its lease ended while it was stored: whoever takes over has it.
    if (row.owner === 0 || row.owner !== this.lease.owner) return this.wake()
    const at = this.lease.time()
    const stored = { ...row, createdAt: at, updatedAt: at, finishedAt: null }
    const running = new Running(stored, definition, state)
    this.#hold(running)
    this.#act(running, calls, ask)
  }

  #tell(running: Running, happening: Happening): void {
    if (running.over) return
    try {
      this.#take(running, happening)
    } catch (error) {
      // Not to be worked on by this version of the code: it stays as it is stored.
      this.#runtime.warn(`Transaction ${running.id}, ${happening.type}: ${messageOf(error)}`)
      this.#forget(running)
    }
  }

  #take(running: Running, happening: Happening): void {
    const at = this.lease.time()
    const event = { ...happening, at, random: this.#runtime.os.random.next() } as Event
    if (running.take(event)) this.#writer.save(running)
  }

  #saveOf(running: Running): TransactionSave {
    const { id, state } = running
    const { status, wakeAt } = state
    return {
      id,
      status,
      state: JSON.stringify(state),
      dueAt: isFinal(status) ? null : wakeAt,
      release: status !== 'running' || this.#isIdle(running),
    }
  }

  /** Nothing happens before a time far away: whoever is there then may go on with it. */
  #isIdle({ calls, open, state, ask }: Running): boolean {
    if (calls.length + open.size > 0 || ask) return false
    return state.wakeAt === null || state.wakeAt - this.lease.time() > this.#options.holdMs
  }

  #saved({ running, save, calls, ask }: Saved): void {
    if (save.status !== 'running') return this.#settled(running, save)
    if (save.release && calls.length === 0) return this.#forget(running)
    this.#act(running, calls, ask)
  }

  #settled(running: Running, save: TransactionSave): void {
    this.#forget(running)
    this.#claimer.spare()
    const { row, state } = running
    const { status, state: text } = save
    this.#waiters.tell(running.id, { name: row.name, hash: row.hash, status, state: text })
    if (isFinal(status)) return
    const { code = 'PARKED', detail = '', branch = '' } = state.cause ?? {}
    const alert = { kind: 'transaction', event: row.name, group: branch, id: row.id } as const
    this.#runtime.alert({ ...alert, key: row.key, cause: code, detail, ref: 0 })
  }

  #act(running: Running, calls: readonly Call[], ask: boolean): void {
    running.cancelTimer()
    if (!this.lease.holds) return this.#leave(running)
    for (const call of calls) this.#caller.call(running, call)
    if (ask) this.#caller.ask(running)
    const { wakeAt } = running.state
    if (wakeAt !== null) this.#wakeAt(running, wakeAt)
  }

  #wakeAt(running: Running, at: number): void {
    const { clock } = this.#runtime.os
    const waitMs = Math.max(TICK_MS, at - this.lease.time())
    const timer = clock.timer(waitMs, () => {
      if (running.over) return
      if (this.lease.time() < at) return this.#wakeAt(running, at)
      this.#tell(running, { type: 'due' })
      // Nothing came of it: never mind why, it is looked at again.
      if (!running.dirty) this.#wakeAt(running, this.lease.time() + this.#options.pollMs)
    })
    running.cancelTimer = () => timer.cancel()
  }

  #adopt(row: TransactionRow): void {
    const definition = this.definitions.of(row)
    if (definition === undefined || this.#running.has(row.id)) return
    const running = new Running(row, definition)
    this.#hold(running)
    this.#tell(running, { type: 'recovered' })
    this.#tell(running, { type: 'due' })
    if (running.over || running.dirty) return
    // Taken for a person by a process that ended over it: it is given back.
    if (row.status !== 'running') this.#writer.save(running)
    else this.#act(running, [], false)
  }

  /** It may be somebody else's by now: when the lease holds again, the store says whose it is. */
  #leave(running: Running): void {
    this.#forget(running)
    this.#claimer.lookFor(running.id)
  }

  #lost(running: Running): void {
    this.#runtime.warn(`Transaction ${running.id}: another coordinator has taken it over`)
    this.#forget(running)
    this.#waiters.tell(running.id)
  }

  #forget(running: Running): void {
    running.drop()
    if (this.#running.get(running.id) !== running) return
    this.#running.delete(running.id)
    this.#bytes -= running.bytes
  }

  #dropAll(): void {
    for (const running of [...this.#running.values()]) {
      this.#forget(running)
      this.#waiters.tell(running.id)
    }
  }
}

/** What the kind decided on a new transaction. */
interface Begun {
  readonly state: AnyState
  readonly calls: readonly Call[]
  readonly ask: boolean
}

/** A transaction as the user begins it, checked. */
export interface Submission {
  readonly id: string
  readonly key: string | null
  /** JSON. */
  readonly input: string
  readonly headers: Readonly<Record<string, string>>
}

function rowOf(
  { kind, name, hash }: Definition,
  { id, key, input, headers }: Submission,
  state: AnyState,
  owner: number,
): NewTransaction {
  const { status, wakeAt: dueAt } = state
  const stored = { status, state: JSON.stringify(state), dueAt, owner }
  return { id, kind, name, hash, key, input, headers: JSON.stringify(headers), ...stored }
}

function tooMany({ name }: Definition, id: string): HufuError {
  const text = 'this process has as many transactions in hand as it may'
  return new HufuError('BUSY', `Beginning ${name} ${id}: ${text}`)
}

function reused({ name }: Definition, id: string): HufuError {
  return new HufuError(
    'ID_REUSED',
    `Beginning ${name} ${id}: the id is there with another definition or input`,
  )
}
