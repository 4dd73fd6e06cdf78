import type { Os } from '@hufu/os'
import { sleep } from '@hufu/os'
import type { PoolConnection } from 'mysql2/promise'
import { backoffMs } from '../../backoff.ts'
import { HufuError, isHufuError } from '../../errors.ts'
import { commit, rollback } from './commit.ts'
import type { Connections } from './connections.ts'
import { isConnectionLost, isInTheWay, isUnreachable } from './driver-errors.ts'
import type { Names } from './names.ts'
import { Session } from './session.ts'

/** Each transaction of the library's own is tried so many times when others are in its way. */
const TRIES = 10
const PAUSE = { firstMs: 5, capMs: 500, jitter: true }

const READ_COMMITTED = 'SET TRANSACTION ISOLATION LEVEL READ COMMITTED'

/** Begins; the next transaction of the connection is again as its owner has it. */
export async function begin(connection: PoolConnection): Promise<void> {
  await connection.query(READ_COMMITTED)
  await connection.query('START TRANSACTION')
}

/**
 * What the library does outside of its users' transactions. A deadlock, a long wait for a lock and
 * a lost connection lead to another try, unless the commit may have been done.
 */
export class Own {
  readonly #os: Os
  readonly #connections: Connections
  readonly #names: Names

  constructor(os: Os, connections: Connections, names: Names) {
    this.#os = os
    this.#connections = connections
    this.#names = names
  }

  /** Statements that change nothing, or that may be done twice: each is a transaction. */
  alone<T>(action: (session: Session) => Promise<T>): Promise<T> {
    return this.#again(async () => {
      const connection = await this.#connections.borrow(async () => {})
      return this.#run(connection, action)
    })
  }

  /** One transaction; only its effects on the database count, as it may be begun several times. */
  transaction<T>(action: (session: Session) => Promise<T>): Promise<T> {
    return this.#again(async () => {
      const connection = await this.#connections.borrow(begin)
      let value: T
      try {
        value = await this.#connections.inTime(action(new Session(connection, this.#names)))
      } catch (error) {
        if (isHufuError(error, 'STORE_UNUSABLE')) connection.destroy()
        else await rollback(this.#connections, connection)
        throw error
      }
      await commit(this.#connections, connection)
      return value
    })
  }

  async #run<T>(connection: PoolConnection, action: (session: Session) => Promise<T>) {
    try {
      const value = await this.#connections.inTime(action(new Session(connection, this.#names)))
      connection.release()
      return value
    } catch (error) {
      connection.destroy()
      throw error
    }
  }

  async #again<T>(attempt: () => Promise<T>): Promise<T> {
    for (let tried = 1; ; tried++) {
      try {
        return await attempt()
      } catch (error) {
        if (tried >= TRIES || !isWorthAnother(error)) throw error
      }
      await sleep(this.#os.clock, backoffMs(tried, PAUSE, this.#os.random))
    }
  }
}

function isWorthAnother(error: unknown): boolean {
  if (!(error instanceof HufuError) || error.code === 'COMMIT_UNKNOWN') return false
  if (error.code === 'TRANSACTION_LOST' || error.code === 'COMMIT_FAILED') return true
  return isInTheWay(error.cause) || (isConnectionLost(error.cause) && !isUnreachable(error.cause))
}
