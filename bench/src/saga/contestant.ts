import type { Participant } from 'hufu'
import { http } from 'hufu/http'

/** `hufu`: the library. `statements`: one SQL statement per step, as dtm does it. */
export type ContestantName = 'hufu' | 'statements'

export interface Order {
  readonly id: string
  readonly cents: number
}

/** Runs sagas of two branches, `out` and `in`. */
export interface Contestant {
  /** Resolves when the saga is committed; rejects otherwise. */
  run(order: Order): Promise<void>
  commits(): number
}

export const BRANCHES = ['out', 'in'] as const

/** Called for both branches; `port` 0: a function that does nothing. */
export function participantAt(port: number): Participant<Order> {
  if (port !== 0) return http<Order>(`http://127.0.0.1:${port}/transfer`)
  return { kind: 'local', call: async () => undefined }
}
