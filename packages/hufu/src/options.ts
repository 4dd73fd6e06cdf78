import type { Os } from '@hufu/os'
import type { CoordinatorSettings } from './coordinator/options.ts'
import type { Duration } from './duration.ts'
import type { ConsumerStats } from './inbox/options.ts'
import type { Limits } from './limits.ts'
import type { OutboxStats, Store } from './ports/store.ts'
import type { Transport } from './ports/transport.ts'
import type { Alert } from './service/alert.ts'

/** How long finished rows are kept. After the journal's time a repeat would take effect again. */
export interface RetentionOptions {
  /** Default 30 d. */
  readonly journal?: Duration
  /** Closed outbox rows and their receipts. Default 7 d. */
  readonly outbox?: Duration
  /**
   * What half messages and two-phase messages came to. Default 35 d; must be longer than anybody
   * goes on asking, a person who resolves a parked one included.
   */
  readonly fence?: Duration
  /** Resolved parked work. Default 30 d. */
  readonly parked?: Duration
  /** Default 365 d. */
  readonly audit?: Duration
  /**
   * Final global transactions. Default 35 d; not below `barrier`: while participants remember an
   * id, beginning it again must not look like a new transaction.
   */
  readonly transactions?: Duration
  /**
   * What participants here have done, of transactions that are final or kept elsewhere. Default 30
   * d; must be longer than any transaction of another service takes, time in parked included.
   */
  readonly barrier?: Duration
}

export interface HufuOptions<Tx, Foreign> {
  readonly store: Store<Tx, Foreign>
  readonly transport: Transport
  /**
   * This service's name: receipts come back to it. All its processes share it and define the same
   * events, since any of them may get a receipt. No slash in it.
   */
  readonly service: string
  readonly os?: Os
  readonly limits?: Partial<Limits>
  readonly retention?: RetentionOptions
  readonly coordinator?: CoordinatorSettings
  /** Default: written to standard error. */
  readonly onAlert?: (alert: Alert) => void
  /**
   * Told of what a person should know and Hufu can live with. Default: written to standard error.
   */
  readonly onWarning?: (text: string) => void
}

export interface HufuStats {
  readonly outbox: OutboxStats
  /** Waiting for a person. */
  readonly parked: number
  readonly consumers: readonly ConsumerStats[]
  /** Global transactions of the store that are not final, and those that this process drives. */
  readonly transactions: {
    readonly running: number
    readonly parked: number
    readonly inDoubt: number
    readonly inHand: number
  }
}
