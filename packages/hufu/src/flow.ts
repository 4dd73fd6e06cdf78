import { bind } from './coordinator/bind.ts'
import type { Coordinator } from './coordinator/coordinator.ts'
import type { Definition } from './coordinator/definition.ts'
import type { Duration } from './duration.ts'
import { durationMs } from './duration.ts'
import { HufuError } from './errors.ts'
import type { StrongHandler } from './inbox/strong.ts'
import { hashOf } from './json.ts'
import { checkName, definitionHash, type TransactionDefinition } from './kinds/definition.ts'
import { type FlowPlan, type FlowState, flowKind } from './kinds/flow.ts'
import type { Event as KindEvent } from './kinds/kind.ts'
import type { NewTransaction } from './ports/transactions.ts'
import type { StandardSchema } from './schema.ts'
import type { Runtime } from './service/runtime.ts'

export interface FlowOptions {
  /** From the first event of a key until the last one. */
  readonly within: Duration
}

/** An event as a flow wants to know it: what `hufu.event` gives. */
export interface FlowEvent {
  readonly name: string
  readonly groups: readonly string[]
}

/** Group under which the events of a flow are taken; each of them must name it. */
export function flowGroup(name: string): string {
  return `flow.${name}`
}

/** Id of the flow of this key, among the global transactions. */
export function flowId(name: string, key: string): string {
  const id = `flow ${name} ${key}`
  return id.length <= ID_CHARS_MAX ? id : `flow ${name} ${hashOf(Buffer.from(key))}`
}

/** Of a global transaction. */
const ID_CHARS_MAX = 128

const ANYTHING: StandardSchema = {
  '~standard': { version: 1, vendor: 'hufu', validate: (value) => ({ value }) },
}

/** A definition without participants: it only watches. */
export function flowDefinition<Tx>(
  name: string,
  events: readonly FlowEvent[],
  options: FlowOptions,
): TransactionDefinition<Tx, StandardSchema, unknown, FlowPlan, FlowState> {
  const what = `Defining the flow ${name}`
  checkName(name, what)
  if (events.length < 2) throw new HufuError('ARGUMENT', `${what}: it needs two events or more`)
  for (const event of events) demandGroup(event, name, what)
  const steps = events.map((event) => event.name)
  if (new Set(steps).size < steps.length) {
    throw new HufuError('ARGUMENT', `${what}: an event is named twice`)
  }
  return {
    ...{ kind: 'flow', name: `flow.${name}`, schema: ANYTHING, logic: flowKind },
    plan: { steps, withinMs: durationMs(options.within, `${what}, within`) },
    branches: new Map(),
    hash: definitionHash('flow', steps),
    results: (came) => came,
  }
}

function demandGroup(event: FlowEvent, name: string, what: string): void {
  if (event.groups.includes(flowGroup(name))) return
  const text = `the event ${event.name} is defined without the group ${flowGroup(name)}`
  throw new HufuError('GROUP_UNKNOWN', `${what}: ${text}`)
}

/**
 * The handler that notes the coming of an event, in the transaction that takes it. The flow's row
 * is in nobody's hand but for that time and when it is overdue.
 */
export function flowHandler<Tx, Foreign>(
  runtime: Runtime<Tx, Foreign>,
  ready: () => Promise<Coordinator<Tx, Foreign>>,
  definition: TransactionDefinition<Tx, StandardSchema, unknown, FlowPlan, FlowState>,
  flow: string,
  step: string,
): StrongHandler<Tx> {
  const bound = bind(definition, runtime.store)
  return async (tx, _payload, { key, id }) => {
    const { lease } = await ready()
    const at = lease.time()
    const { transactions } = runtime.store
    const row = newRow(bound, flow, key ?? id, at)
    await transactions.insert(tx, row)
    const found = await transactions.take(tx, lease.owner, row.id)
    if (found === undefined) return
    const came: KindEvent = { type: 'succeeded', branch: step, op: 'action', at, random: 0 }
    const { plan } = definition
    const { state } = flowKind.decide(plan, JSON.parse(found.state), came)
    const { status, wakeAt: dueAt } = state
    const save = { id: row.id, status, state: JSON.stringify(state), dueAt, release: true }
    const lost = await transactions.save(tx, lease.owner, [save])
    if (lost.length > 0) throw new Error('the flow was taken over meanwhile')
  }
}

function newRow(definition: Definition, flow: string, key: string, at: number): NewTransaction {
  const { kind, name, hash, plan, logic } = definition
  const state = logic.begin(plan, at)
  return {
    ...{ id: flowId(flow, key), kind, name, hash, key, input: JSON.stringify({ key }) },
    ...{ headers: '{}', status: state.status, state: JSON.stringify(state), owner: 0 },
    dueAt: state.wakeAt,
  }
}
