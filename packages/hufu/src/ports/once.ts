import type { ParticipantRequest } from './participant.ts'
import type { BarrierKey, BarrierStore } from './transactions.ts'
import { originOf } from './transactions.ts'

/** What names a call for the barrier. */
export type CallKey = Pick<ParticipantRequest, 'id' | 'kind' | 'branch' | 'op'>

/** The one barrier of a participant's call. */
const BARRIER = '01'

/**
 * Does the work of a call once, in `tx`: a repeat returns what was returned; an undoing without
 * anything to undo, and a work that comes after its undoing, do not reach `work`. It is given what
 * the operation that it undoes returned, if that is known here.
 */
export async function once<Tx, Foreign>(
  barrier: BarrierStore<Tx, Foreign>,
  tx: Tx,
  call: CallKey,
  work: (undone: unknown) => Promise<unknown> | unknown,
): Promise<unknown> {
  const { id: gid, kind, branch, op } = call
  const key: BarrierKey = { kind, gid, branch, op, barrier: BARRIER }
  const word = await barrier.enter(tx, key)
  if (word === 'empty') return undefined
  if (word === 'repeat') return parsed(await barrier.result(tx, key))
  const origin = originOf(op)
  const undone = origin && parsed(await barrier.result(tx, { ...key, op: origin }))
  const result = await work(undone)
  if (result !== undefined) await barrier.keep(tx, key, JSON.stringify(result))
  return result
}

function parsed(json: string | undefined): unknown {
  return json === undefined ? undefined : JSON.parse(json)
}
