import type { Op, ParticipantRequest } from './participant.ts'
import type { BarrierKey, BarrierStore } from './transactions.ts'

/** What names a call for the barrier; `result`: what its caller knows of what it ends. */
export type CallKey = Pick<ParticipantRequest, 'id' | 'kind' | 'branch' | 'op'> & {
  readonly result?: unknown
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
  const { id: gid, kind, branch, op } = call
  const key: BarrierKey = { kind, gid, branch, op, barrier: BARRIER }
  const word = await barrier.enter(tx, key)
  if (word === 'empty') return undefined
  if (word === 'repeat') return parsed(await barrier.result(tx, key))
  let ended = call.result
  const before = endedBy(op)
  if (before !== undefined && ended === undefined) {
    ended = parsed(await barrier.result(tx, { ...key, op: before }))
  }
  const result = await work(ended)
  if (result !== undefined) await barrier.keep(tx, key, JSON.stringify(result))
  return result
}

function parsed(json: string | undefined): unknown {
  return json === undefined ? undefined : JSON.parse(json)
}
