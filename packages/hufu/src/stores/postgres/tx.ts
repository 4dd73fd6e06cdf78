import { HufuError } from '../../errors.ts'
import { ForeignTx } from '../../ports/foreign.ts'
import type { WorkKind } from '../../ports/store.ts'
import type { PostgresClient, PostgresQuery, PostgresResult } from './driver.ts'
import { explained } from './failure.ts'

/**
 * A transaction of the store. Every call throws `TRANSACTION_OVER` once it has ended, so that a
 * forgotten `await` cannot write into somebody else's transaction.
 */
export interface PostgresTx {
  /** As `query` of a `pg` client, with promises. Savepoints are allowed, BEGIN and COMMIT not. */
  query<Row = Record<string, unknown>>(
    query: string | PostgresQuery,
    params?: unknown[],
  ): Promise<PostgresResult<Row>>
  /**
   * The `pg` client itself, for libraries that want it. Do not keep it: used after the transaction
   * has ended, it writes into another one.
   */
  readonly client: PostgresClient
}

/** These would begin, end or hand over the transaction. */
const CONTROL =
  /^\s*(begin|start\s+transaction|commit|end|abort|prepare\s+transaction|rollback(?!.*\bto\b))\b/i

export class LiveTx implements PostgresTx {
  readonly #client: PostgresClient
  /** Why it has ended; made an error only when somebody needs it. */
  #over: string | undefined
  /** Messages to send, or parked work to do, were stored. */
  readonly work = { messages: false, parked: false, transactions: false }
  /** Statements and works of the transaction that have not ended. */
  pending = 0

  constructor(client: PostgresClient) {
    this.#client = client
  }

  get live(): boolean {
    return this.#over === undefined
  }

  /** The client, while the transaction lives. */
  get client(): PostgresClient {
    if (this.#over === undefined) return this.#client
    throw new HufuError('TRANSACTION_OVER', `Using a transaction: ${this.#over}`)
  }

  async query<Row>(query: string | PostgresQuery, params?: unknown[]) {
    const { client } = this
    const text = typeof query === 'string' ? query : query.text
    if (CONTROL.test(text)) {
      throw new HufuError('ARGUMENT', `Running "${text}": the store begins and ends transactions`)
    }
    const running = client.query(query, params)
    this.expect(running)
    try {
      return (await running) as PostgresResult<Row>
    } catch (error) {
      throw explained('Running a statement in a transaction', error)
    }
  }

  /** The transaction must not end before `work`. */
  expect(work: Promise<unknown>): void {
    this.pending++
    const over = () => void this.pending--
    work.then(over, over)
  }

  end(why: string): void {
    this.#over ??= why
  }
}

/** What a user may pass who began a transaction himself, with `pg` or with another library. */
export type PostgresForeign = PostgresClient | ForeignTx

/** Runs one of the library's statements in a transaction of the store, or in the user's own. */
export async function run<Row = Record<string, unknown>>(
  tx: PostgresTx | PostgresForeign,
  sql: string,
  params: unknown[],
): Promise<PostgresResult<Row>> {
  const on = tx instanceof ForeignTx ? clientOf(tx) : tx
  if (!(on instanceof LiveTx)) demandTransaction(on)
  return (await on.query(sql, params)) as PostgresResult<Row>
}

/** A client for a transaction of another library. */
function clientOf(tx: ForeignTx): Pick<PostgresClient, 'query'> {
  const way = tx.wayOf('postgres')
  if ('connection' in way) return way.connection as PostgresClient
  const query = async (sql: string | PostgresQuery, params: unknown[] = []) => {
    return { ...(await way.query(sql as string, params)), command: '' }
  }
  return { query }
}

/** The first row that a statement gives in a transaction. */
export async function first<Row = Record<string, unknown>>(
  tx: PostgresTx | PostgresForeign,
  sql: string,
  params: unknown[],
): Promise<Row | undefined> {
  return (await run<Row>(tx, sql, params)).rows[0]
}

function demandTransaction(client: Partial<PostgresClient>): void {
  if (typeof client?.query !== 'function') {
    throw new HufuError('ARGUMENT', 'Using a transaction: it is none of a PostgreSQL store')
  }
  // A pool would run each statement on any of its connections.
  if ('totalCount' in client || client.getTransactionStatus?.() === 'I') {
    throw new HufuError('TRANSACTION_MISSING', 'Using a connection: it is not in a transaction')
  }
}

/** Has the store's listeners told of new work once this transaction is committed. */
export function markWork(tx: PostgresTx | PostgresForeign, kind: WorkKind): void {
  if (tx instanceof LiveTx) tx.work[kind] = true
}

/** Has the transaction wait for `work`; one that the user began himself is his own affair. */
export function expectWork(tx: PostgresTx | PostgresForeign, work: Promise<unknown>): void {
  if (tx instanceof LiveTx) tx.expect(work)
}
