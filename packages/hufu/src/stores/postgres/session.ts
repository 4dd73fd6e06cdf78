import { HufuError, messageOf } from '../../errors.ts'
import type { PostgresPool, PostgresPoolClient } from './driver.ts'
import { explained, isAnswer, isLost, unusable } from './failure.ts'

/** Connections of a pool may have died unnoticed; so many are tried to begin a transaction. */
const BEGINS_MAX = 3

/** The server ends a transaction whose process has gone silent so long after its time, ms. */
const GRACE_MS = 1_000

/** The longest time that PostgreSQL's settings take, ms. */
const SETTING_MS_MAX = 2 ** 31 - 1

/**
 * Without the time limit of statements: it would end the wait for a standby, and a commit that no
 * standby has would count as one that has reached it. In a transaction of which a statement has
 * failed it is refused as a whole.
 */
const COMMIT = 'SET LOCAL statement_timeout = 0; COMMIT'

const yes = () => true
const no = () => false

const WHAT = 'Running a transaction'

/** One transaction on a connection lent by the pool. */
export class Session {
  readonly client: PostgresPoolClient
  readonly #answerMs: number
  #lost: Error | undefined
  readonly #onError = (error: Error) => {
    this.#lost ??= error
  }

  constructor(client: PostgresPoolClient, answerMs: number) {
    this.client = client
    this.#answerMs = answerMs
    client.on('error', this.#onError)
  }

  /** The connection has ended by itself. */
  get isLost(): boolean {
    return this.#lost !== undefined
  }

  /** Runs statements without parameters. */
  async ask(text: string): Promise<void> {
    await this.client.query({ text, query_timeout: this.#answerMs })
  }

  /** Commits and gives the connection back. */
  async commit(): Promise<void> {
    this.#demandOpen()
    try {
      await this.ask(COMMIT)
    } catch (error) {
      throw await this.#refused(error)
    }
    this.release(false)
  }

  /** Rolls back, gives the connection back. Never throws: what is not committed is not stored. */
  async undo(): Promise<void> {
    try {
      await this.ask('ROLLBACK')
      this.release(false)
    } catch {
      this.release(true)
    }
  }

  release(destroy: boolean): void {
    const broken = destroy || this.#lost !== undefined
    // The pool has its own listener only for connections that are not lent.
    if (!broken) this.client.removeListener('error', this.#onError)
    this.client.release(broken)
  }

  #demandOpen(): void {
    if (this.#lost !== undefined) {
      this.release(true)
      throw unusable(WHAT, this.#lost)
    }
    if (this.client.getTransactionStatus?.() !== 'I') return
    this.release(false)
    const text = 'it was ended from outside; what was done in it before that may be stored'
    throw new HufuError('TRANSACTION_LOST', `${WHAT}: ${text}`)
  }

  /** A connection that still answers has told that the commit failed; else nothing is known. */
  async #refused(error: unknown): Promise<HufuError> {
    const lives = isAnswer(error) && (await this.ask('ROLLBACK').then(yes, no))
    this.release(!lives)
    if (lives) return new HufuError('COMMIT_FAILED', `Committing: ${messageOf(error)}`, error)
    const text = `${messageOf(error)}; whether it is stored is not known`
    return new HufuError('COMMIT_UNKNOWN', `Committing: ${text}`, error)
  }
}

/**
 * Begins a transaction that the server itself ends should this process fall silent: without that,
 * the locks of a paused process or a cut network would stay.
 */
export async function begin(
  pool: PostgresPool,
  timeoutMs: number,
  answerMs: number,
): Promise<Session> {
  const ms = Math.min(Math.ceil(timeoutMs) + GRACE_MS, SETTING_MS_MAX)
  const text = `BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL statement_timeout = ${ms};
    SET LOCAL idle_in_transaction_session_timeout = ${ms}`
  for (let tries = 1; ; tries++) {
    const session = new Session(await lent(pool), answerMs)
    try {
      await session.ask(text)
      return session
    } catch (error) {
      session.release(true)
      if (!isLost(error) || tries === BEGINS_MAX) throw explained('Beginning a transaction', error)
    }
  }
}

async function lent(pool: PostgresPool): Promise<PostgresPoolClient> {
  try {
    return await pool.connect()
  } catch (error) {
    throw explained('Connecting', error)
  }
}
