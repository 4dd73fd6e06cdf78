import type { Participant, ParticipantRequest } from '../ports/participant.ts'
import type { Store } from '../ports/store.ts'
import { type BarrierKey, originOf } from '../ports/transactions.ts'

/** A participant's work in a transaction of its store; `result`: what is to be undone returned. */
export type LocalWork<Tx> = (
  tx: Tx,
  request: ParticipantRequest,
  result: unknown,
) => Promise<unknown> | unknown

/** The one barrier of a local participant's call. */
const BARRIER = '01'

/**
 * A function of this process that works in a transaction of `store`. The barrier stands in the same
 * transaction: repeats return what was returned, an undoing without anything to undo and a work
 * that comes after its undoing do not reach the function.
 */
export function localParticipant<Tx, Foreign>(
  store: Store<Tx, Foreign>,
  work: LocalWork<Tx>,
): Participant {
  return {
    kind: 'local',
    call: (request) => store.transaction((tx) => once(store, tx, request, work)),
  }
}

async function once<Tx, Foreign>(
  store: Store<Tx, Foreign>,
  tx: Tx,
  request: ParticipantRequest,
  work: LocalWork<Tx>,
): Promise<unknown> {
  const { barrier } = store
  const key = barrierKey(request)
  const word = await barrier.enter(tx, key)
  if (word === 'empty') return undefined
  if (word === 'repeat') return parsed(await barrier.result(tx, key))
  const origin = originOf(request.op)
  const undone = origin && parsed(await barrier.result(tx, { ...key, op: origin }))
  const result = await work(tx, request, undone ?? request.result)
  if (result !== undefined) await barrier.keep(tx, key, JSON.stringify(result))
  return result
}

function barrierKey({ id, kind, branch, op }: ParticipantRequest): BarrierKey {
  return { kind, gid: id, branch, op, barrier: BARRIER }
}

function parsed(json: string | undefined): unknown {
  return json === undefined ? undefined : JSON.parse(json)
}
