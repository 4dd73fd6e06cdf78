import { type Consumers, checkGroup } from './consumers.ts'
import { durationMs } from './duration.ts'
import { HufuError } from './errors.ts'
import type { WeakGuard } from './inbox/guard.ts'
import type { ConsumeOptions, WeakConsumeOptions } from './inbox/options.ts'
import type { StrongHandler } from './inbox/strong.ts'
import { StrongWork } from './inbox/strong.ts'
import type { AnyWeakHandler } from './inbox/weak.ts'
import { WeakWork } from './inbox/weak.ts'
import type { PublishOptions, TransactionalOptions } from './outbox/options.ts'
import { publish } from './outbox/publish.ts'
import { transactional } from './outbox/transactional.ts'
import { pageOf } from './service/decision.ts'
import type { AnyReceiptHandler, Definition } from './service/definition.ts'
import type { Runtime } from './service/runtime.ts'

/** What an event needs of its Hufu. */
export interface EventParts<Tx, Foreign> {
  readonly runtime: Runtime<Tx, Foreign>
  readonly consumers: Consumers<Tx>
  readonly started: () => boolean
  /** Makes it known to the transport; undefined: it is. */
  readonly declare: (definition: Definition<Tx>) => Promise<void> | undefined
}

/** The verbs of an event, untyped. */
export function eventHandle<Tx, Foreign>(
  parts: EventParts<Tx, Foreign>,
  definition: Definition<Tx>,
) {
  const { runtime, consumers } = parts
  const { name, groups } = definition
  const ready = async () => parts.declare(definition)
  return {
    name,
    groups,
    publish(tx: Tx | Foreign, payload: unknown, options: PublishOptions) {
      const work = publishWhenDeclared(parts, definition, tx, payload, options)
      runtime.store.expect?.(tx, work)
      return work
    },
    async transactional<T>(
      payload: unknown,
      options: TransactionalOptions,
      fn: (tx: Tx) => Promise<T> | T,
    ) {
      checkPublish(parts, name, options)
      await ready()
      return transactional(runtime, definition, payload, options, fn)
    },
    consume(group: string, handler: StrongHandler<Tx>, options: ConsumeOptions = {}) {
      return consumers.add(
        definition,
        group,
        options,
        (policy) => new StrongWork(runtime, definition, handler, policy),
        ready,
      )
    },
    consumeWeak(
      group: string,
      guard: WeakGuard,
      handler: AnyWeakHandler,
      options: WeakConsumeOptions = {},
    ) {
      return consumers.add(
        definition,
        group,
        options,
        (policy) => new WeakWork(runtime, definition, guard, handler, policy),
        ready,
      )
    },
    onReceipt: (group: string, handler: AnyReceiptHandler<Tx>) =>
      addReceiptHandler(definition, group, handler),
    unreceipted: (options: { olderThan?: number; limit?: number } = {}) =>
      unreceipted(runtime, name, options),
  }
}

async function publishWhenDeclared<Tx, Foreign>(
  parts: EventParts<Tx, Foreign>,
  definition: Definition<Tx>,
  tx: Tx | Foreign,
  payload: unknown,
  options: PublishOptions,
): Promise<{ repeated: boolean }> {
  checkPublish(parts, definition.name, options)
  const declaring = parts.declare(definition)
  if (declaring) await declaring
  return publish(parts.runtime, definition, tx, payload, options)
}

function checkPublish<Tx, Foreign>(
  { runtime, started }: EventParts<Tx, Foreign>,
  name: string,
  options: PublishOptions,
): void {
  const what = `Publishing ${name}`
  if (!started()) throw new HufuError('CLOSED', `${what}: Hufu is not started`)
  if (options.delay !== undefined && !runtime.transport.flags.delay) {
    const text = `${runtime.transport.name} cannot delay messages`
    throw new HufuError('TRANSPORT_LACKS', `${what}: ${text}`)
  }
}

async function unreceipted<Tx, Foreign>(
  { store, limits }: Runtime<Tx, Foreign>,
  name: string,
  options: { olderThan?: number; limit?: number },
) {
  const olderMs = durationMs(options.olderThan ?? 0, 'olderThan')
  const limit = pageOf(options.limit, limits.pageMax, `Listing open ${name}`)
  // One more, for rows of this very millisecond.
  const before = (await store.now()) - olderMs + 1
  return store.outbox.open(name, before, limit)
}

function addReceiptHandler<Tx>(
  definition: Definition<Tx>,
  group: string,
  handler: AnyReceiptHandler<Tx>,
): void {
  const what = `Handling receipts of ${definition.name}/${group}`
  checkGroup(definition, group, what)
  if (!definition.receipts) throw new HufuError('ARGUMENT', `${what}: the event has no receipts`)
  if (definition.receiptHandlers.has(group)) {
    throw new HufuError('CONSUMER_DUPLICATE', `${what}: there is a handler already`)
  }
  if (definition.unhandled.has(group)) {
    throw new HufuError('ARGUMENT', `${what}: some came before it; call onReceipt before start`)
  }
  definition.receiptHandlers.set(group, handler)
}
