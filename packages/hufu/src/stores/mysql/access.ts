import type { Os } from '@hufu/os'
import type { Names } from './names.ts'
import type { Own } from './own.ts'
import type { Runner } from './runner.ts'

/** An open database, as the parts of the store use it. */
export interface Access {
  readonly os: Os
  readonly names: Names
  /** For what is committed, outside of users' transactions. */
  readonly own: Own
  readonly runner: Runner
}

/** The open database; throws `CLOSED` before `open` and after `close`. */
export type Opened = () => Access
