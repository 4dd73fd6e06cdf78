import type { Os } from '@hufu/os'
import { sleep } from '@hufu/os'
import { backoffMs } from '../../backoff.ts'
import type { PostgresPool, PostgresResult } from './driver.ts'
import { explained, isConflict, isLost } from './failure.ts'
import { PreparedNames } from './prepared.ts'
import type { Runner } from './runner.ts'

/** An open store, as its parts use it. */
export interface Access {
  readonly os: Os
  readonly runner: Runner
  readonly own: OwnStatements
}

/** The open store; throws `CLOSED` before `open` and after `close`. */
export type Opened = () => Access

/** A statement of the library's that conflicts with another transaction is tried so often. */
const TRIES = 8
const PAUSE = { firstMs: 2, capMs: 200, jitter: true }

type Rows<Row> = Promise<PostgresResult<Row>>

interface Asked {
  /** What it is for, in errors. */
  readonly what: string
  readonly sql: string
  readonly params: unknown[]
  /** Whether it may be tried again after this error. */
  readonly again: (error: unknown) => boolean
  /** The server keeps its plan under this name. */
  readonly name?: string
}

/** The library's statements outside of the user's transactions: each a transaction of its own. */
export class OwnStatements {
  readonly #pool: PostgresPool
  readonly #os: Os
  readonly #answerMs: number
  readonly #names = new PreparedNames()

  constructor(pool: PostgresPool, os: Os, answerMs: number) {
    this.#pool = pool
    this.#os = os
    this.#answerMs = answerMs
  }

  /** Reading may be repeated: also on another connection, when one turns out to be dead. */
  read<Row>(what: string, sql: string, params: unknown[] = []): Rows<Row> {
    return this.#run({ what, sql, params, again: (error) => isConflict(error) || isLost(error) })
  }

  /** Repeated only when the database says that nothing was done. */
  write<Row>(what: string, sql: string, params: unknown[] = []): Rows<Row> {
    return this.#run({ what, sql, params, again: isConflict })
  }

  /** As `write`, of a statement that runs often and writes so many rows: it is prepared. */
  writeOften<Row>(what: string, sql: string, params: unknown[], rows: number): Rows<Row> {
    const name = this.#names.nameOf(sql, rows)
    const again = (error: unknown) => isConflict(error) || this.#names.refuse(error)
    return this.#run({ what, sql, params, again, ...(name !== undefined && { name }) })
  }

  async #run<Row>({ what, sql, params, again, name }: Asked): Rows<Row> {
    const query = { text: sql, values: params, query_timeout: this.#answerMs }
    for (let tries = 1; ; tries++) {
      const prepared = name !== undefined && this.#names.usable
      try {
        return (await this.#pool.query(
          prepared ? { ...query, name } : query,
        )) as PostgresResult<Row>
      } catch (error) {
        if (!again(error) || tries === TRIES) throw explained(what, error)
      }
      await sleep(this.#os.clock, backoffMs(tries, PAUSE, this.#os.random))
    }
  }
}
