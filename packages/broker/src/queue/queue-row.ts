import type { Cause } from './history.ts'
import type { Row } from './row-heap.ts'

/**
 * Where a row that has left the waiting list is: `ready` to be delivered · `aside` behind an
 * earlier row of its key · `marking`: its attempt is being written down before it is delivered ·
 * `unsettled` with a consumer · `settling`: its outcome is being written · `delayed` until its time
 * · `parked` until a person resolves it.
 */
export type RowState =
  | 'ready'
  | 'aside'
  | 'marking'
  | 'unsettled'
  | 'settling'
  | 'delayed'
  | 'parked'

/** A message in this queue that is more than just waiting. */
export interface QueueRow extends Row {
  state: RowState
  priority: number
  /** Broker time before which a delayed row is not delivered, ms. */
  dueAt: number
  history: readonly Cause[]
  /** It was, or may have been, delivered before. */
  redelivered: boolean
  /** Its attempts are exact: written down in this life of the broker, or never delivered before. */
  exact: boolean
  /**
   * Lives of the broker that ended in a crash while it was in delivery, one after the other; from
   * the second on it is delivered alone, so that only the one that kills is blamed.
   */
  crashes: number
  /**
   * Times it was put back at once while the entry that says so is on its way to the disk: that one
   * then changes nothing here.
   */
  requeued: number
  /** A person wants it delivered: it does not expire any more. */
  lasting: boolean
  /** It holds its key in the gate. */
  gated: boolean
  /** Number of the consumer that has it; 0 = none. */
  consumer: number
}

/** How a row comes back into the queue. */
export interface Return {
  id: number
  state: 'ready' | 'delayed' | 'parked'
  attempts: number
  /** See `QueueRow.crashes`. */
  crashes: number
  dueAt: number
  /** Time of the failure and its cause; no cause where nothing failed. */
  at: number
  cause: string
  lasting?: boolean
}

/** With a consumer, or on its way to one or from it. */
export function isUnderWay({ state }: QueueRow): boolean {
  return state === 'settling' || state === 'marking' || state === 'unsettled'
}

/** Read once more behind a checkpoint that has it already, a cause is no news. */
export function isNews({ history }: QueueRow, { at, cause }: Return): boolean {
  return cause !== '' && !history.some((known) => known.at === at && known.cause === cause)
}

export function freshRow(
  id: number,
  position: number,
  size: number,
  key: number,
  priority: number,
): QueueRow {
  return {
    id,
    position,
    size,
    key,
    priority,
    attempts: 0,
    state: 'ready',
    dueAt: 0,
    history: [],
    redelivered: false,
    exact: false,
    crashes: 0,
    requeued: 0,
    lasting: false,
    gated: false,
    consumer: 0,
  }
}
