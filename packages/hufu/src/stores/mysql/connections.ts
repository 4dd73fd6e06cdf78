import type { Clock } from '@hufu/os'
import type { PoolConnection } from 'mysql2/promise'
import { HufuError } from '../../errors.ts'
import { isConnectionLost, storeError } from './driver-errors.ts'
import type { OpenPool } from './pool.ts'
import { listen } from './pool.ts'

/** Idle connections that turn out dead, one after the other, before it is given up. */
const DEAD_MAX = 30

/** Lends the pool's connections. */
export class Connections {
  readonly #clock: Clock
  readonly #waitMs: number
  readonly #from: OpenPool
  readonly #name: string

  constructor(clock: Clock, waitMs: number, from: OpenPool, name: string) {
    this.#clock = clock
    this.#waitMs = waitMs
    this.#from = from
    this.#name = name
  }

  /** Lends one for which `first` succeeds; such as are dead are thrown away. */
  async borrow(first: (connection: PoolConnection) => Promise<unknown>): Promise<PoolConnection> {
    for (let dead = 1; ; dead++) {
      const connection = await this.#next()
      try {
        await this.inTime(first(connection))
        return connection
      } catch (error) {
        connection.destroy()
        if (!isConnectionLost(error) || dead >= DEAD_MAX) {
          throw storeError(`Beginning on ${this.#name}`, error)
        }
      }
    }
  }

  /** What the server answers, if it does so in time. */
  inTime<T>(answer: Promise<T>): Promise<T> {
    return within(this.#clock, this.#waitMs, answer, () => {
      const text = `Using ${this.#name}: no answer within ${this.#waitMs} ms`
      return new HufuError('STORE_UNUSABLE', text)
    })
  }

  /** Ends what another connection does; for one that does not come back. */
  async kill(threadId: number): Promise<void> {
    const connection = await this.borrow((one) => one.query('DO 0'))
    try {
      await this.inTime(connection.query(`KILL ${threadId}`))
      connection.release()
    } catch {
      // It has ended by itself, or the server is gone.
      connection.destroy()
    }
  }

  async #next(): Promise<PoolConnection> {
    const asked = this.#from.pool.getConnection()
    let late = false
    const inTime = within(this.#clock, this.#waitMs, asked, () => {
      late = true
      const text = `Using ${this.#name}: no connection was free within ${this.#waitMs} ms`
      return new HufuError('STORE_BUSY', text)
    })
    asked.then(
      (connection) => late && connection.release(),
      () => {},
    )
    try {
      const connection = await inTime
      listen(connection)
      return connection
    } catch (error) {
      throw storeError(`Connecting to ${this.#name}`, error)
    }
  }
}

function within<T>(clock: Clock, ms: number, work: Promise<T>, late: () => Error): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = clock.timer(ms, () => reject(late()))
    work.then(resolve, reject).finally(() => timer.cancel())
  })
}
