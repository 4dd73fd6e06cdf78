import type { ParticipantRequest } from 'hufu'
import type { Database } from '../store/database.ts'
import {
  COORDINATORS,
  type CoordinatorRecord,
  FENCE,
  TRANSACTIONS,
  type TransactionRecord,
} from '../store/port.ts'
import type { ModelTx } from '../store/tx.ts'
import type { Findings } from '../world/findings.ts'
import { EFFECTS, type EffectRow } from './books.ts'
import type { Surroundings } from './gate.ts'
import type { Host } from './host.ts'
import { AFTER, isAfter, type StoredOperation, type StoredState } from './plans.ts'
import type { DefinitionName, Verb } from './step.ts'

type Called = Pick<ParticipantRequest, 'id' | 'branch' | 'op' | 'attempt'>

/** What nobody may begin any more is begun after its deadline for so long at most, ms. */
const DEADLINE_SLACK_MS = 12_000

const UNDONE: Readonly<Record<string, string>> = {
  compensate: 'action',
  cancel: 'try',
  confirm: 'try',
}

/** Watches every commit and every call, and says which promise is broken. */
export class Oracle {
  /** What persons have said of each transaction. */
  readonly words = new Map<string, Set<Verb>>()
  /** The clock of the database has been set. */
  jumped = false
  readonly #office: Database
  readonly #findings: Findings
  readonly #around: Surroundings
  readonly #rows = new Map<string, TransactionRecord>()
  readonly #saves = new Map<ModelTx, { owner: number; ids: ReadonlySet<string> }>()
  readonly #owners = new Map<Host, number>()
  readonly #calls = new Set<string>()
  readonly #effects = new Map<string, Set<string>>()
  readonly #meant = new Set<string>()

  constructor(office: Database, findings: Findings, around: Surroundings) {
    this.#office = office
    this.#findings = findings
    this.#around = around
  }

  said(id: string, verb: Verb): void {
    const words = this.words.get(id) ?? new Set()
    this.words.set(id, words.add(verb))
  }

  hasSaid(id: string, ...verbs: readonly Verb[]): boolean {
    const words = this.words.get(id)
    return words !== undefined && verbs.some((verb) => words.has(verb))
  }

  /** `branch/op` of all that took effect. */
  effectsOf(id: string): ReadonlySet<string> {
    return this.#effects.get(id) ?? new Set()
  }

  /** Somebody wanted it begun and did not take that back. */
  means(id: string): void {
    this.#meant.add(id)
  }

  isMeant(id: string): boolean {
    return this.#meant.has(id)
  }

  /** Ids of all that took effect. */
  known(): Iterable<string> {
    return this.#effects.keys()
  }

  registered(host: Host, owner: number): void {
    this.#owners.set(host, owner)
  }

  saves(tx: ModelTx, owner: number, ids: readonly string[]): void {
    this.#saves.set(tx, { owner, ids: new Set(ids) })
  }

  /** A coordinator makes this call now; `here`: in its own process, where no lease counts. */
  called(host: Host, call: Called, here = false): void {
    const { id, branch, op, attempt } = call
    const text = () => `${host.name} calls ${id} ${branch}/${op}#${attempt}`
    this.#around.trace(text())
    const row = this.#office.table(TRANSACTIONS).get(id) as TransactionRecord | undefined
    const state: StoredState | undefined = row && JSON.parse(row.state)
    const stored = state?.branches[branch]?.[op]
    const durable = stored !== undefined && stored.calls >= attempt
    this.#check(durable, 'nothing is done before its decision is stored', text)
    if (!durable || row === undefined || state === undefined) return
    this.#checkOnce(call, text)
    if (op === 'action' || op === 'try') {
      this.#checkOrder(call, row, state, text)
      if (!here) this.#checkTime(call, row, state, text)
    }
    if (!here) this.#checkLease(host, text)
  }

  #checkOnce({ id, branch, op, attempt }: Called, text: () => string): void {
    const name = `${id}/${branch}/${op}/${attempt}`
    this.#check(!this.#calls.has(name), 'an attempt is made once', text)
    this.#calls.add(name)
    this.#calls.add(`${id}/${branch}/${op}`)
    this.#calls.add(`${id}/${op}`)
    const undone = UNDONE[op]
    if (undone === undefined) return
    const known = this.#calls.has(`${id}/${branch}/${undone}`)
    // A call that was stored may have been kept from being made by a crash.
    const stored = known || this.#isStored(id, branch, undone)
    this.#check(stored, 'only what was called is ended or undone', text)
    const both = this.#calls.has(`${id}/confirm`) && this.#calls.has(`${id}/cancel`)
    this.#check(!both, 'a TCC is confirmed or cancelled, never both', text)
  }

  #isStored(id: string, branch: string, op: string): boolean {
    const row = this.#rows.get(id)
    const state: StoredState | undefined = row && JSON.parse(row.state)
    return state?.branches[branch]?.[op] !== undefined
  }

  #checkOrder(
    { id, branch }: Called,
    row: TransactionRecord,
    state: StoredState,
    text: () => string,
  ) {
    const after = AFTER[row.name as DefinitionName][branch] ?? []
    const done = (operation: StoredOperation | undefined) => {
      return operation?.state === 'done' || operation?.state === 'skipped'
    }
    const ready = after.every((name) => done(state.branches[name]?.action))
    this.#check(ready, 'a step comes after those that it stands upon', text)
    if (row.kind !== 'msg') return
    const decided = this.effectsOf(id).has('local/action') || this.hasSaid(id, 'commit')
    this.#check(decided, 'a message goes out only when its local transaction is committed', text)
  }

  #checkTime({ branch }: Called, row: TransactionRecord, state: StoredState, text: () => string) {
    const { deadlineAt = null } = state
    if (deadlineAt === null || this.jumped || branch === 'mail') return
    const late = this.#office.now() - deadlineAt
    const words = () => `${text()}, ${late} ms after the deadline of ${row.name}`
    this.#check(late < DEADLINE_SLACK_MS, 'nothing is begun after the deadline', words)
  }

  #checkLease(host: Host, text: () => string): void {
    const owner = this.#owners.get(host)
    const row = this.#office.table(COORDINATORS).get(String(owner))
    const lease = row as CoordinatorRecord | undefined
    const holds = lease !== undefined && lease.leaseUntil > this.#office.now()
    this.#check(holds || this.jumped, 'a call is begun only under a lease', text)
  }

  /** Of every database, after each commit. */
  committed(tx: ModelTx): void {
    for (const { table, row } of tx.changes()) {
      if (table === EFFECTS) this.#effect(row as EffectRow)
      else if (table === TRANSACTIONS) this.#stored(tx, row as TransactionRecord)
      else if (table === FENCE) this.#around.trace(`fence ${JSON.stringify(row)}`)
    }
    this.#saves.delete(tx)
  }

  #effect({ id, branch, op }: EffectRow): void {
    const name = `${branch}/${op}`
    const text = () => `${name} of ${id}`
    this.#around.trace(`effect ${text()}`)
    const effects = this.#effects.get(id) ?? new Set<string>()
    this.#effects.set(id, effects)
    this.#check(!effects.has(name), 'an operation takes effect once', text)
    const undone = UNDONE[op]
    if (undone !== undefined) {
      const before = effects.has(`${branch}/${undone}`)
      this.#check(before, 'nothing is ended or undone that was not done', text)
    }
    const ended = effects.has(`${branch}/compensate`) || effects.has(`${branch}/cancel`)
    this.#check(!ended, 'nothing takes effect after its undoing', text)
    if (op === 'compensate') this.#checkReverse(id, branch, effects, text)
    effects.add(name)
  }

  #checkReverse(id: string, branch: string, effects: ReadonlySet<string>, text: () => string) {
    const row = this.#rows.get(id)
    if (row === undefined || this.hasSaid(id, 'skip', 'rollback')) return
    for (const name of Object.keys(AFTER[row.name as DefinitionName])) {
      if (!isAfter(row.name as DefinitionName, name, branch)) continue
      const stands = effects.has(`${name}/action`) && !effects.has(`${name}/compensate`)
      this.#check(!stands, 'steps are undone in reverse', () => `${text()} before ${name}`)
    }
  }

  #stored(tx: ModelTx, row: TransactionRecord): void {
    const old = this.#rows.get(row.id)
    this.#rows.set(row.id, row)
    const { id, status, owner } = row
    this.#around.trace(`row ${id} ${status} of ${owner}: ${row.state}`)
    if (old === undefined) return
    const text = () => `${id}: ${old.status} of ${old.owner}, then ${status} of ${owner}`
    this.#check(old.finishedAt === null, 'what is final does not change', text)
    if (old.owner !== 0 && owner !== 0 && owner !== old.owner) this.#around.mark('takeover')
    const save = this.#saves.get(tx)
    if (!save?.ids.has(id)) {
      this.#check(old.state === row.state, 'only a coordinator changes a state', text)
      return
    }
    const words = () => `${text()}, by ${save.owner}`
    this.#check(save.owner === old.owner, 'what a fenced coordinator saves changes nothing', words)
    this.#check(!callsFall(old, row), 'calls that were made are not forgotten', text)
    this.#markStatus(row)
  }

  #markStatus({ state, status }: TransactionRecord): void {
    const { mark } = this.#around
    const { cause, reason } = JSON.parse(state) as StoredState
    if (status === 'inDoubt') mark('inDoubt')
    if (status === 'parked' && cause?.code === 'EXHAUSTED') mark('exhausted')
    if (status !== 'rolledBack') return
    if (reason?.code === 'DEADLINE') mark('deadlinePassed')
    if (reason?.code === 'CLOSED' || reason?.code === 'POOR') mark('refused')
    if (cause?.detail === 'the local transaction is not there') mark('checkedRolledBack')
  }

  #check(holds: boolean, rule: string, detail: () => string): void {
    this.#findings.check(holds, rule, detail)
  }
}

function callsFall(old: TransactionRecord, row: TransactionRecord): boolean {
  const before = JSON.parse(old.state) as StoredState
  const now = JSON.parse(row.state) as StoredState
  return Object.entries(before.branches).some(([branch, operations]) =>
    Object.entries(operations).some(([op, { calls }]) => {
      return (now.branches[branch]?.[op]?.calls ?? 0) < calls
    }),
  )
}
