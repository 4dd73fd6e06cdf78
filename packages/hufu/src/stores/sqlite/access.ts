import type { Os } from '@hufu/os'
import type { Connection } from './connection.ts'
import type { Recent } from './recent.ts'
import type { Writer } from './writer.ts'

/** An open database, as the parts of the store use it. */
export interface Access {
  readonly path: string
  readonly os: Os
  readonly writer: Writer
  /** For reading what is committed, outside of transactions. */
  readonly reader: Connection
  readonly recent: Recent
}

/** The open database; throws `CLOSED` before `open` and after `close`. */
export type Opened = () => Access
