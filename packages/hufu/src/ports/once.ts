import { Failure, fail } from '../outcome.ts'
import type { Op, ParticipantRequest } from './participant.ts'
import type { Store, TransactionOptions } from './store.ts'
import type { BarrierKey, BarrierStore } from './transactions.ts'

/** What names a call for the barrier; `result`: what its caller knows of what it ends. */
export type CallKey = Pick<ParticipantRequest, 'id' | 'kind' | 'branch' | 'op'> & {
  readonly result?: unknown
  /** Default: `id`. */
  readonly gid?: string
  /** See `ParticipantRequest`. */
  readonly refusalLasts?: boolean
}

/** The one barrier of a participant's call. */
const BARRIER = '01'

const ENDED: Readonly<Partial<Record<Op, Op>>> = {
  compensate: 'action',
  confirm: 'try',
  cancel: 'try',
}

/** The operation that `op` undoes or confirms; its work is given what that one returned. */
export function endedBy(op: Op): Op | undefined {
  return ENDED[op]
}

/**
 * Does the work of a call once, in `tx`: a repeat returns what was returned; an undoing without
 * anything to undo, and a work that comes after its undoing, do not reach `work`. It is given what
 * the operation that it ends returned: as the caller knows it, else as it is stored here.
 */
export async function once<Tx, Foreign>(
  barrier: BarrierStore<Tx, Foreign>,
  tx: Tx,
  call: CallKey,
  work: (ended: unknown) => Promise<unknown> | unknown,
): Promise<unknown> {
  const key = keyOf(call)
  const word = await barrier.enter(tx, key)
  if (word === 'empty') return undefined
  if (word === 'repeat') return remembered(await barrier.result(tx, key))
  let ended = call.result
  const before = endedBy(call.op)
  if (before !== undefined && ended === undefined) {
    const stored = await barrier.result(tx, { ...key, op: before })
    // It was refused, so there is nothing to undo.
    if (stored?.startsWith(REFUSED)) return undefined
    ended = parsed(stored)
  }
  const result = await work(ended)
  if (result !== undefined) await barrier.keep(tx, key, JSON.stringify(result))
  return result
}

/**
 * `once` in a transaction of the store. A refusal that must last is stored when the refusing
 * transaction is rolled back: later calls of the same operation, from whatever process, are refused
 * as well. When another call was faster, what that one returned stands.
 */
export async function onceIn<Tx, Foreign>(
  store: Store<Tx, Foreign>,
  call: CallKey,
  work: (tx: Tx, ended: unknown) => Promise<unknown> | unknown,
  options: TransactionOptions = {},
): Promise<unknown> {
  const { barrier } = store
  try {
    const doWork = (tx: Tx) => once(barrier, tx, call, (ended) => work(tx, ended))
    return await store.transaction(doWork, options)
  } catch (error) {
    if (!(error instanceof Failure) || call.refusalLasts !== true) throw error
    const stored = await store.transaction((tx) => keepRefusal(barrier, tx, keyOf(call), error))
    return remembered(stored)
  }
}

/** Before a refusal among the results, which are JSON and never begin so. */
const REFUSED = '!'

async function keepRefusal<Tx, Foreign>(
  barrier: BarrierStore<Tx, Foreign>,
  tx: Tx,
  key: BarrierKey,
  { code, message, data }: Failure,
): Promise<string | undefined> {
  if ((await barrier.enter(tx, key)) === 'repeat') return barrier.result(tx, key)
  const refusal = REFUSED + JSON.stringify({ code, message, data })
  await barrier.keep(tx, key, refusal)
  return refusal
}

function keyOf({ id, gid = id, kind, branch, op }: CallKey): BarrierKey {
  return { kind, gid, branch, op, barrier: BARRIER }
}

/** What an earlier call returned; thrown again when it was refused. */
function remembered(stored: string | undefined): unknown {
  if (stored === undefined || !stored.startsWith(REFUSED)) return parsed(stored)
  const { code, message, data } = JSON.parse(stored.slice(REFUSED.length))
  throw fail(code, message, data)
}

function parsed(json: string | undefined): unknown {
  return json === undefined ? undefined : JSON.parse(json)
}
