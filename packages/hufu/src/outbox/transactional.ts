import { durationMs } from '../duration.ts'
import { HufuError, messageOf } from '../errors.ts'
import type { NewOutboxRow } from '../ports/store.ts'
import type { PreparedHandle, PreparedMessages, PrepareTerms } from '../ports/transport.ts'
import type { Definition } from '../service/definition.ts'
import type { Runtime } from '../service/runtime.ts'
import type { TransactionalOptions } from './options.ts'
import { checkedRow } from './publish.ts'
import { outgoing, receiptWaitMs } from './wire.ts'

type Transactional<T> = { repeated: false; result: T } | { repeated: true }

/** The message was published before; undoes what the transaction has begun. */
class Repeated extends Error {}

/** Half message, local transaction, second word. */
export async function transactional<Tx, Foreign, T>(
  runtime: Runtime<Tx, Foreign>,
  definition: Definition<Tx>,
  payload: unknown,
  options: TransactionalOptions,
  fn: (tx: Tx) => Promise<T> | T,
): Promise<Transactional<T>> {
  const row = await checkedRow(runtime, definition, payload, options)
  const prepared = demandPrepared(runtime, row)
  const handle = await prepare(runtime, prepared, row, options)
  let result: T
  try {
    result = await runtime.store.transaction((tx) => local(runtime, tx, handle, row, fn))
  } catch (error) {
    const repeated = error instanceof Repeated
    // Any other throw may hide a commit whose answer was lost: the fence row decides.
    const word = repeated ? 'rollback' : await answerCheck(runtime, handle)
    if (word !== 'unknown') await secondWord(runtime, prepared, handle, word)
    if (repeated) return { repeated: true }
    throw error
  }
  await secondWord(runtime, prepared, handle, 'commit')
  return { repeated: false, result }
}

/**
 * What the broker is told when it asks. "Rolled back" only after a fence row is committed: from
 * then on the local transaction can only fail. While it holds its row this waits, or does not know.
 */
export async function answerCheck<Tx>(
  { store, warn }: Runtime<Tx>,
  handle: PreparedHandle,
): Promise<'commit' | 'rollback' | 'unknown'> {
  try {
    const key = fenceKey(handle)
    const word = await store.transaction((tx) => store.fence.write(tx, key, 'rolledBack'))
    return word === 'committed' ? 'commit' : 'rollback'
  } catch (error) {
    warn(`Answering for ${handle.transactionId}: ${messageOf(error)}`)
    return 'unknown'
  }
}

function demandPrepared<Tx, Foreign>(
  { transport }: Runtime<Tx, Foreign>,
  { event, id }: NewOutboxRow,
): PreparedMessages {
  if (transport.flags.prepared && transport.prepared !== undefined) return transport.prepared
  const text = `${transport.name} has no half messages; use publish, the outbox`
  throw new HufuError('TRANSPORT_LACKS', `Publishing ${event} ${id}: ${text}`)
}

async function prepare<Tx, Foreign>(
  { service }: Runtime<Tx, Foreign>,
  prepared: PreparedMessages,
  row: NewOutboxRow,
  options: TransactionalOptions,
): Promise<PreparedHandle> {
  const { event, id } = row
  const terms = termsOf(`${service} ${event} ${id}`, service, options)
  const outcome = await prepared.prepare(outgoing(row, service, false), terms)
  if (outcome.ok) return outcome.handle
  const code = outcome.code === 'PREPARED_EXISTS' ? 'IN_PROGRESS' : 'REFUSED'
  throw new HufuError(code, `Publishing ${event} ${id}: ${outcome.cause}`)
}

function termsOf(
  transactionId: string,
  group: string,
  { check = {} }: TransactionalOptions,
): PrepareTerms {
  const { first, every, max } = check
  return {
    transactionId,
    group,
    ...(first !== undefined && { firstMs: durationMs(first, 'check.first') }),
    ...(every !== undefined && { everyMs: durationMs(every, 'check.every') }),
    ...(max !== undefined && { max }),
  }
}

async function local<Tx, Foreign, T>(
  runtime: Runtime<Tx, Foreign>,
  tx: Tx,
  handle: PreparedHandle,
  row: NewOutboxRow,
  fn: (tx: Tx) => Promise<T> | T,
): Promise<T> {
  const { store } = runtime
  const word = await store.fence.write(tx, fenceKey(handle), 'committed')
  if (word === 'rolledBack') {
    const text = 'the broker has asked, and was told that it is rolled back'
    throw new HufuError('FENCED', `Publishing ${row.event} ${row.id}: ${text}`)
  }
  const resendAt = (await store.now()) + row.delayMs + receiptWaitMs(runtime, row.event, 1)
  const { repeated } = await store.outbox.insert(tx, { ...row, sent: { resendAt } })
  if (repeated) throw new Repeated()
  return fn(tx)
}

/** One that does not arrive is no harm: the broker asks back. */
async function secondWord<Tx, Foreign>(
  runtime: Runtime<Tx, Foreign>,
  prepared: PreparedMessages,
  handle: PreparedHandle,
  outcome: 'commit' | 'rollback',
): Promise<void> {
  try {
    await prepared.decide(handle, outcome)
  } catch (error) {
    runtime.warn(`Deciding ${handle.transactionId}: ${messageOf(error)}; the broker will ask`)
  }
}

function fenceKey({ transactionId, version }: PreparedHandle): string {
  return `${transactionId} ${version}`
}
