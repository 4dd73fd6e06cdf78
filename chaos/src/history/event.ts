/** One thing that a process which used the broker did or saw, in the order in which it happened. */
export type HistoryEvent =
  /** About to be published; `dueAt` is broker time, ms. */
  | {
      kind: 'sent'
      token: string
      queues: readonly string[]
      digest: string
      dueAt: number
      key: string
    }
  | { kind: 'confirmed'; token: string }
  /** Refused so that it must never be seen; a publish that failed with the log is left open. */
  | { kind: 'refused'; token: string; code: string }
  | Delivered
  /** A settlement that is about to be sent. */
  | { kind: 'asked'; place: string; token: string; outcome: string }
  /** That settlement was confirmed. */
  | { kind: 'settled'; place: string; token: string; outcome: string }

export interface Delivered {
  /** `found`: parked, and shown to a person. */
  kind: 'delivered' | 'found'
  /** The queue; `dead<work` for what came to the queue `dead` from the queue `work`. */
  place: string
  token: string
  id: number
  redelivered: boolean
  digest: string
  /** Broker time, ms. */
  time: number
}
