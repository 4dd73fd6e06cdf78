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
import { Waker } from '../waker.ts'
import { nameOfCall, perform } from './call.ts'
import { type AnyState, type Definition, Definitions } from './definition.ts'
import { GroupWriter, type Saved } from './group-writer.ts'
import { CoordinatorLease } from './lease.ts'
import type { CoordinatorOptions } from './options.ts'
import { Running } from './running.ts'
import { Waiters } from './waiters.ts'

/** What can happen, without time and chance: the coordinator adds them. */
type Happening = Event extends infer E
  ? E extends Event
    ? Omit<E, 'at' | 'random'>
    : never
  : never

/** After an error of the store, ms. */
const TROUBLE_MS = 1_000

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
  readonly #unsure = new Set<string>()
  readonly #waiters = new Waiters()
  readonly #waker: Waker
  #stopping = new AbortController()
  #claiming: Promise<void> | undefined
  #calls = 0

  constructor(runtime: Runtime<Tx, Foreign>, options: CoordinatorOptions) {
    const { store, os, warn } = runtime
    this.#runtime = runtime
    this.#options = options
    this.#waker = new Waker(os.clock)
    const { leaseMs } = options
    const onLost = () => this.#dropAll()
    this.lease = new CoordinatorLease({ store, os, leaseMs, warn, onLost })
    this.#writer = new GroupWriter({
      store,
      os,
      warn,
      owner: () => this.lease.owner,
      saveOf: (running) => this.#saveOf(running),
      onSaved: (saved) => this.#saved(saved),
      onLost: (running) => this.#lost(running),
      onUnsure: ({ id }) => void this.#unsure.add(id),
    })
  }

  async start(): Promise<void> {
    this.#stopping = new AbortController()
    await this.lease.begin()
    this.#claiming = this.#claim()
  }

  /** Begins no more; waits up to `drainMs` for calls under way; others may go on at once. */
  async stop(drainMs: number): Promise<void> {
    this.#stopping.abort()
    this.#waker.wake()
    await this.#claiming
    const { clock } = this.#runtime.os
    const until = clock.mono() + drainMs
    while (this.#calls > 0 && clock.mono() < until) await sleep(clock, TICK_MS)
    await this.#writer.idle()
    this.#dropAll()
    await this.lease.end()
  }

  /** Something may be there to be claimed. */
  wake(): void {
    this.#waker.wake()
  }

  get inHand(): number {
    return this.#running.size
  }

  /** A new transaction: stored, then begun. `repeated`: the id is known, with the same input. */
  async submit(definition: Definition, given: Submission): Promise<{ repeated: boolean }> {
    if (this.#running.size >= this.#options.runningMax) {
      const text = `${this.#running.size} transactions are in hand, the most it may have`
      throw new HufuError('BUSY', `Beginning ${definition.name} ${given.id}: ${text}`)
    }
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
    this.#adoptNew(row, definition, calls, ask === true)
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

  /** What a person says of a row that was just taken: stored when this resolves. */
  async order(row: TransactionRow, definition: Definition, happening: Happening): Promise<void> {
    this.#running.get(row.id)?.drop()
    const running = new Running(row, definition)
    this.#running.set(row.id, running)
    this.#tell(running, { type: 'recovered' })
    this.#tell(running, happening)
    await this.#writer.idle()
  }

  /** Resolves when the transaction is not `running` any more, or after `ms`. */
  settled(id: string, ms: number): Promise<void> {
    const { clock } = this.#runtime.os
    if (this.#running.has(id)) return this.#waiters.wait(id, ms, clock)
    return this.#poll(id, ms)
  }

  async #poll(id: string, ms: number): Promise<void> {
    const { store, os } = this.#runtime
    const until = os.clock.mono() + ms
    while (os.clock.mono() < until) {
      const row = await store.transactions.get(id)
      if (row?.status !== 'running') return
      const pauseMs = Math.min(this.#options.pollMs, until - os.clock.mono())
      await this.#waiters.wait(id, pauseMs, os.clock)
    }
  }

  #adoptNew(
    row: NewTransaction,
    definition: Definition,
    calls: readonly Call[],
    ask: boolean,
  ): void {
    // Its lease ended while it was stored: whoever takes over has it.
    if (row.owner === 0 || row.owner !== this.lease.owner) return this.#waker.wake()
    const at = this.lease.time()
    const stored = { ...row, createdAt: at, updatedAt: at, finishedAt: null }
    const running = new Running(stored, definition)
    this.#running.set(row.id, running)
    this.#act(running, calls, ask)
  }

  #tell(running: Running, happening: Happening): void {
    if (running.over) return
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
    this.#waiters.tell(running.id)
    if (isFinal(save.status)) return
    const { row, state } = running
    const { code = 'PARKED', detail = '', branch = '' } = state.cause ?? {}
    const alert = { kind: 'transaction', event: row.name, group: branch, id: row.id } as const
    this.#runtime.alert({ ...alert, key: row.key, cause: code, detail, ref: 0 })
  }

  #act(running: Running, calls: readonly Call[], ask: boolean): void {
    running.cancelTimer()
    if (!this.lease.holds) return this.#leave(running)
    for (const call of calls) void this.#call(running, call)
    if (ask) void this.#ask(running)
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

  async #call(running: Running, call: Call): Promise<void> {
    const { definition, row, headers } = running
    const { branch, op, attempt } = call
    const name = nameOfCall(call)
    const results = running.results()
    const abort = new AbortController()
    running.open.set(name, abort)
    this.#calls++
    const participant = definition.participant(branch, op)
    const outcome = await perform(
      this.#runtime.os.clock,
      async (request) => participant.call({ ...request, input: await running.input() }),
      {
        ...{ id: row.id, kind: row.kind, name: row.name, branch, op, attempt, headers },
        ...{ results, result: results[branch] },
      },
      definition.timeoutMs(branch, op),
      abort,
    )
    this.#calls--
    if (running.open.get(name) === abort) running.open.delete(name)
    this.#tell(running, { ...outcome, branch, op, attempt })
  }

  /** The check-back of a two-phase message. */
  async #ask(running: Running): Promise<void> {
    const { definition, id } = running
    try {
      const word = await definition.fence!(id, 'rolledBack')
      if (word === 'committed') this.#tell(running, { type: 'submitted' })
      else this.#tell(running, { type: 'aborted', detail: 'the local transaction is not there' })
    } catch (error) {
      this.#tell(running, { type: 'undecided', detail: messageOf(error) })
    }
  }

  async #claim(): Promise<void> {
    const { os, warn } = this.#runtime
    const { signal } = this.#stopping
    while (!signal.aborted) {
      this.#waker.clear()
      let more = false
      try {
        await this.#lookForUnsure()
        more = await this.#claimSome()
      } catch (error) {
        warn(`Claiming transactions: ${messageOf(error)}; again in ${TROUBLE_MS} ms`)
        await sleep(os.clock, TROUBLE_MS, signal)
      }
      if (!more && !signal.aborted) await this.#waker.pause(this.#options.pollMs)
    }
  }

  async #claimSome(): Promise<boolean> {
    const { owner, holds } = this.lease
    const room = this.#options.runningMax - this.#running.size
    if (!holds || room <= 0 || this.definitions.empty) return false
    const limit = Math.min(this.#options.claimMax, room)
    const request = { owner, limit, definitions: this.definitions.refs() }
    const rows = await this.#runtime.store.transactions.claim(request)
    if (owner !== this.lease.owner) return false
    for (const row of rows) this.#adopt(row)
    return rows.length === limit
  }

  #adopt(row: TransactionRow): void {
    const definition = this.definitions.of(row)
    if (definition === undefined || this.#running.has(row.id)) return
    const running = new Running(row, definition)
    this.#running.set(row.id, running)
    this.#tell(running, { type: 'recovered' })
    this.#tell(running, { type: 'due' })
    if (!running.dirty) this.#act(running, [], false)
  }

  /** It may be somebody else's by now: when the lease holds again, the store says whose it is. */
  #leave(running: Running): void {
    this.#forget(running)
    this.#unsure.add(running.id)
  }

  /** Rows of which it was not heard whether they were stored: they may be there, under our name. */
  async #lookForUnsure(): Promise<void> {
    for (const id of this.#unsure) {
      const row = await this.#runtime.store.transactions.get(id)
      this.#unsure.delete(id)
      const ours = row !== undefined && !isFinal(row.status) && row.owner === this.lease.owner
      if (ours && row.owner !== 0) this.#adopt(row)
    }
  }

  #lost(running: Running): void {
    this.#runtime.warn(`Transaction ${running.id}: another coordinator has taken it over`)
    this.#forget(running)
  }

  #forget(running: Running): void {
    running.drop()
    if (this.#running.get(running.id) === running) this.#running.delete(running.id)
  }

  #dropAll(): void {
    for (const running of [...this.#running.values()]) this.#forget(running)
  }
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

function reused({ name }: Definition, id: string): HufuError {
  return new HufuError('ID_REUSED', `Beginning ${name} ${id}: the id is there with another input`)
}
