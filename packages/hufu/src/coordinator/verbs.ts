import { HufuError, messageOf } from '../errors.ts'
import type { BaseState, Event } from '../kinds/kind.ts'
import type { FenceWord } from '../ports/store.ts'
import { isFinal, type TransactionFilter, type TransactionRow } from '../ports/transactions.ts'
import { checkDecision, type Decision, pageOf } from '../service/decision.ts'
import type { Runtime } from '../service/runtime.ts'
import type { Coordinator } from './coordinator.ts'
import type { Definition } from './definition.ts'
import type { TransactionInfo, Transactions } from './transactions.ts'

type Order =
  | { readonly type: 'retry' }
  | { readonly type: 'stop'; readonly detail: string }
  | { readonly type: 'resolve'; readonly to: 'commit' | 'rollback' }
  | { readonly type: 'skip'; readonly branch: string; readonly detail: string }

/** What a person may see and do of global transactions. */
export class TransactionVerbs<Tx, Foreign> implements Transactions {
  readonly #runtime: Runtime<Tx, Foreign>
  readonly #coordinator: Coordinator<Tx, Foreign>
  readonly #ready: () => Promise<unknown>

  /** `ready` has the coordinator started. */
  constructor(
    runtime: Runtime<Tx, Foreign>,
    coordinator: Coordinator<Tx, Foreign>,
    ready: () => Promise<unknown>,
  ) {
    this.#ready = ready
    this.#runtime = runtime
    this.#coordinator = coordinator
  }

  list: Transactions['list'] = async (filter: Partial<TransactionFilter> = {}) => {
    const limit = this.#page(filter.limit, 'Listing transactions')
    const rows = await this.#runtime.store.transactions.list({ ...filter, limit })
    return rows.map(infoOf)
  }

  get: Transactions['get'] = async (id) => {
    const row = await this.#runtime.store.transactions.get(id)
    return row && infoOf(row)
  }

  explain: Transactions['explain'] = async (id) => {
    const row = await this.#runtime.store.transactions.get(id)
    if (row === undefined) return undefined
    const definition = this.#coordinator.definitions.of(row)
    const explanation = definition?.logic.explain(definition.plan, JSON.parse(row.state))
    return { ...infoOf(row), explanation, owner: row.owner }
  }

  unknown: Transactions['unknown'] = async ({ limit } = {}) => {
    const refs = this.#coordinator.definitions.refs()
    const page = this.#page(limit, 'Listing unknown transactions')
    return (await this.#runtime.store.transactions.unknown(refs, page)).map(infoOf)
  }

  counts: Transactions['counts'] = () => this.#runtime.store.transactions.counts()

  retry: Transactions['retry'] = (id, decision) => this.#order(id, { type: 'retry' }, decision)

  stop: Transactions['stop'] = (id, decision) =>
    this.#order(id, { type: 'stop', detail: decision.reason }, decision)

  resolve: Transactions['resolve'] = (id, to, decision) =>
    this.#order(id, { type: 'resolve', to }, decision)

  skip: Transactions['skip'] = (id, branch, decision) =>
    this.#order(id, { type: 'skip', branch, detail: decision.reason }, decision)

  #page(limit: number | undefined, what: string): number {
    return pageOf(limit, this.#runtime.limits.pageMax, what)
  }

  async #order(id: string, order: Order, decision: Decision): Promise<void> {
    const what = `${order.type} of transaction ${id}`
    checkDecision(decision, this.#runtime.limits, what)
    await this.#ready()
    const { store } = this.#runtime
    const found = await store.transactions.get(id)
    if (found === undefined) throw new HufuError('GLOBAL_UNKNOWN', `${what}: there is none`)
    const known = this.#coordinator.definitions.of(found) !== undefined
    if (order.type === 'stop' && !known) return this.#stopUnknown(found, decision, what)
    const definition = this.#demandDefinition(found, what)
    this.#demandSense(found, definition, order, what)
    const owner = this.#demandLease(what)
    await this.#settleWord(definition, id, order, what)
    const take = () => this.#take(id, owner, order, decision, what)
    await this.#coordinator.order(definition, order, take)
  }

  async #take(id: string, owner: number, order: Order, decision: Decision, what: string) {
    const { store } = this.#runtime
    try {
      return await store.transaction((tx) => this.#takeIn(tx, id, owner, order, decision, what))
    } catch (error) {
      this.#coordinator.mayHaveTaken(id, owner)
      throw error
    }
  }

  async #takeIn(
    tx: Tx,
    id: string,
    owner: number,
    order: Order,
    { reason, by }: Decision,
    what: string,
  ): Promise<TransactionRow> {
    const { transactions, audit } = this.#runtime.store
    const taken = await transactions.take(tx, owner, id)
    if (taken === undefined) throw new HufuError('GLOBAL_STATE', `${what}: it is over`)
    const subject = `${taken.name} ${id}`
    await audit.add(tx, { action: actionOf(order), subject, ref: 0, reason, by })
    return taken
  }

  /** Of a definition that nobody has any more: it can at least be ended. */
  async #stopUnknown(row: TransactionRow, decision: Decision, what: string): Promise<void> {
    if (isFinal(row.status)) throw new HufuError('GLOBAL_STATE', `${what}: it is ${row.status}`)
    const owner = this.#demandLease(what)
    const { id } = row
    const { store } = this.#runtime
    const { reason: detail } = decision
    await store.transaction(async (tx) => {
      const taken = await this.#takeIn(tx, id, owner, { type: 'stop', detail }, decision, what)
      const cause = { code: 'STOPPED', detail }
      const state = { ...JSON.parse(taken.state), status: 'stopped', wakeAt: null, cause }
      const save = { id, status: 'stopped', state: JSON.stringify(state), dueAt: null } as const
      await store.transactions.save(tx, owner, [{ ...save, release: true }])
    })
  }

  #demandDefinition(row: TransactionRow, what: string): Definition {
    if (isFinal(row.status)) throw new HufuError('GLOBAL_STATE', `${what}: it is ${row.status}`)
    const definition = this.#coordinator.definitions.of(row)
    if (definition !== undefined) return definition
    const text = `this process has no definition ${row.name} of version ${row.hash}`
    throw new HufuError('DEFINITION_UNKNOWN', `${what}: ${text}`)
  }

  /** Tried on the side first: what makes no sense is refused before anything is taken over. */
  #demandSense(row: TransactionRow, definition: Definition, order: Order, what: string): void {
    const event = { ...order, at: this.#coordinator.lease.time(), random: 0 } as Event
    try {
      definition.logic.decide(definition.plan, JSON.parse(row.state), event)
    } catch (error) {
      throw new HufuError('GLOBAL_STATE', `${what}: ${messageOf(error)}`, error)
    }
  }

  /** Before a person's word the local transaction of a two-phase message has its last chance. */
  async #settleWord({ fence }: Definition, id: string, order: Order, what: string): Promise<void> {
    const wanted = wordOf(order)
    if (fence === undefined || wanted === undefined) return
    const word = await fence(id, wanted)
    if (word === wanted || order.type === 'stop') return
    const text = `its local transaction is ${word === 'committed' ? 'committed' : 'rolled back'}`
    throw new HufuError('GLOBAL_STATE', `${what}: ${text}`)
  }

  #demandLease(what: string): number {
    const { holds, owner } = this.#coordinator.lease
    if (holds) return owner
    throw new HufuError('CLOSED', `${what}: this process is no coordinator at the moment`)
  }
}

/** What the local transaction comes to by this word. */
function wordOf(order: Order): FenceWord | undefined {
  if (order.type === 'stop') return 'rolledBack'
  if (order.type !== 'resolve') return undefined
  return order.to === 'commit' ? 'committed' : 'rolledBack'
}

function actionOf(order: Order): string {
  if (order.type === 'resolve') return `transaction.resolve.${order.to}`
  if (order.type === 'skip') return `transaction.skip.${order.branch}`
  return `transaction.${order.type}`
}

function infoOf(row: TransactionRow): TransactionInfo {
  const { id, kind, name, key, status, dueAt, createdAt, updatedAt, finishedAt } = row
  const { cause } = JSON.parse(row.state) as BaseState
  const times = { createdAt, updatedAt, finishedAt, dueAt }
  const input: unknown = JSON.parse(row.input)
  return { id, kind, name, key, status, input, ...(cause && { cause }), ...times }
}
