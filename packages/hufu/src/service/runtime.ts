import type { Os } from '@hufu/os'
import type { Limits } from '../limits.ts'
import type { Store } from '../ports/store.ts'
import type { Transport } from '../ports/transport.ts'
import type { Alert } from './alert.ts'
import type { Definition } from './definition.ts'

/** What the parts of one Hufu share. */
export interface Runtime<Tx, Foreign = unknown> {
  readonly service: string
  readonly store: Store<Tx, Foreign>
  readonly transport: Transport
  readonly os: Os
  readonly limits: Limits
  /** Events defined in this process, by name. */
  readonly definitions: Map<string, Definition<Tx>>
  /** Messages that wait to be sent, as the relay last saw it. */
  waiting: number
  readonly alert: (alert: Alert) => void
  readonly warn: (text: string) => void
}
