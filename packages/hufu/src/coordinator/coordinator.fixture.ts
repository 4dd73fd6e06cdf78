import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { nodeOs } from '@hufu/os'
import { sagaKind } from '../kinds/saga.ts'
import type { SagaPlan, SagaStep } from '../kinds/saga-plan.ts'
import type { SagaState } from '../kinds/saga-run.ts'
import { LIMITS } from '../limits.ts'
import type { ParticipantRequest } from '../ports/participant.ts'
import type { StandardSchema } from '../schema.ts'
import type { Alert } from '../service/alert.ts'
import type { Runtime } from '../service/runtime.ts'
import { type SqliteStore, type SqliteTx, sqlite } from '../stores/sqlite/index.ts'
import { Coordinator } from './coordinator.ts'
import type { Definition } from './definition.ts'
import { Handle } from './handle.ts'
import { COORDINATOR, type CoordinatorOptions } from './options.ts'
import { TransactionVerbs } from './verbs.ts'

const ANYTHING: StandardSchema = {
  '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value }) },
}

const RETRY = { max: 5, firstMs: 5, capMs: 20 }

/** Every call by `branch/op`, in order; what a call does is to be set by the test. */
export class Steps {
  readonly calls: string[] = []
  on: Record<string, (request: ParticipantRequest) => unknown> = {}

  count(name: string): number {
    return this.calls.filter((call) => call === name).length
  }
}

/** reserve → charge (pivot) → ship. */
export function orderSaga(steps: Steps, hash = 'v1'): Definition {
  return {
    kind: 'saga',
    name: 'order',
    hash,
    plan: PLAN,
    logic: sagaKind,
    schema: ANYTHING,
    refusalLasts: () => false,
    timeoutMs: () => 300,
    results: (state) => sagaKind.results(PLAN, state as SagaState),
    participant: (branch, op) => ({
      kind: 'test',
      async call(request) {
        const name = `${branch}/${op}`
        steps.calls.push(name)
        return steps.on[name]?.(request)
      },
    }),
  }
}

const PLAN: SagaPlan = {
  deadlineMs: null,
  steps: [step('reserve', 'step', []), step('charge', 'pivot', ['reserve']), ship()],
}

function ship(): SagaStep {
  return step('ship', 'retry', ['charge'])
}

function step(name: string, kind: SagaStep['kind'], after: string[]): SagaStep {
  const hasUndo = kind === 'step'
  return { name, kind, after, hasUndo, undoAfterMs: 0, retry: RETRY, undoRetry: RETRY }
}

/** A process of a service: its own store object and coordinator on the file that all share. */
export class Process {
  readonly steps = new Steps()
  readonly alerts: Alert[] = []
  readonly warnings: string[] = []
  readonly store: SqliteStore
  readonly coordinator: Coordinator<SqliteTx, unknown>
  readonly verbs: TransactionVerbs<SqliteTx, unknown>
  readonly handle: Handle<SqliteTx, unknown>

  constructor(file: string, options: Partial<CoordinatorOptions>, hash: string) {
    this.store = sqlite(file)
    const runtime: Runtime<SqliteTx, unknown> = {
      ...{ service: 'shop', store: this.store as Runtime<SqliteTx, unknown>['store'] },
      transport: undefined as unknown as Runtime<SqliteTx>['transport'],
      ...{ os: nodeOs, limits: LIMITS, definitions: new Map(), waiting: 0 },
      alert: (alert) => this.alerts.push(alert),
      warn: (text) => this.warnings.push(text),
    }
    const quick = { ...COORDINATOR, leaseMs: 400, pollMs: 20, ...options }
    this.coordinator = new Coordinator(runtime, quick)
    this.verbs = new TransactionVerbs(runtime, this.coordinator, async () => undefined)
    const definition = orderSaga(this.steps, hash)
    this.coordinator.definitions.add(definition)
    this.handle = new Handle(runtime, async () => this.coordinator, definition)
  }
}

/** Processes on one database, in a folder that goes away with the world. */
export class Office {
  readonly #dir: string
  readonly #closers: (() => Promise<void>)[] = []

  constructor(dir: string) {
    this.#dir = dir
  }

  async process(options: Partial<CoordinatorOptions> = {}, hash = 'v1'): Promise<Process> {
    const process = new Process(join(this.#dir, 'shop.db'), options, hash)
    await process.store.open(nodeOs)
    await process.coordinator.start()
    this.#closers.push(async () => {
      await process.coordinator.stop(0)
      await process.store.close()
    })
    return process
  }

  async close(): Promise<void> {
    for (const close of this.#closers) await close()
    await rm(this.#dir, { recursive: true })
  }
}

export async function office(t: { after(fn: () => Promise<void>): void }): Promise<Office> {
  const made = new Office(await mkdtemp(join(tmpdir(), 'hufu-coordinator-')))
  t.after(() => made.close())
  return made
}
