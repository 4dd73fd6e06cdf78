import type { Claim, ClaimRequest, SendOutcome } from '../../ports/store.ts'
import type { Opened } from './access.ts'
import { Lease } from './lease.ts'
import type { OutboxRecord } from './rows.ts'
import { OUTBOX_COLUMNS, outboxRow } from './rows.ts'
import { createSettle } from './settle.ts'
import type { Tables } from './tables.ts'
import { NOW } from './tables.ts'
import type { PostgresTx } from './tx.ts'

/** A refused row never waits longer, ms: a later due time means that the clock has jumped back. */
const REFUSED_MS_MAX = 2 * 3_600_000

/** The same for repeats because of missing receipts, ms. */
const RESEND_MS_MAX = 800 * 86_400_000

/** So many pages of rows are looked at to find other keys behind a busy one. */
const LOOK_AHEAD = 4

const WHAT = 'Claiming messages'

/** One relay at a time sends the rows of an outbox; the lease says which. */
export class Claims {
  readonly #opened: Opened
  readonly #lease: Lease
  readonly #find: string
  readonly #any: string
  readonly #settle: ReturnType<typeof createSettle>

  constructor(t: Tables, opened: Opened) {
    this.#opened = opened
    this.#lease = new Lease('relay', t, opened)
    const { find, any } = claimStatements(t)
    this.#find = find
    this.#any = any
    this.#settle = createSettle(t)
  }

  async claim(request: ClaimRequest): Promise<Claim | undefined> {
    if (!this.#lease.fresh(request)) {
      if (!(await this.#isAnything())) return { token: 0, rows: [], more: false }
      if (!(await this.#lease.take(request))) return undefined
    }
    const { token } = this.#lease
    const { limit } = request
    const params = [limit, limit * LOOK_AHEAD]
    const { rows } = await this.#opened().own.read<Candidate>(WHAT, this.#find, params)
    const seen = Number(rows[0]?.seen ?? 0)
    return { token, rows: rows.map(outboxRow), more: rows.length < seen || seen >= limit }
  }

  async settle(tx: PostgresTx, token: number, outcomes: readonly SendOutcome[]): Promise<boolean> {
    if (!(await this.#lease.holds(tx, token))) return false
    await this.#settle(tx, outcomes)
    return true
  }

  release(relay: string): Promise<void> {
    return this.#lease.release(relay)
  }

  async #isAnything(): Promise<boolean> {
    const { rows } = await this.#opened().own.read<{ any: boolean }>(WHAT, this.#any)
    return rows[0]!.any
  }
}

/** What finds rows to send, and whether there are any. */
export function claimStatements(t: Tables) {
  return { find: candidates(t), any: anything(t) }
}

type Candidate = OutboxRecord & { readonly seen: unknown }

/** Rows in this state whose time has come, or lies further away than any that is given. */
function due(t: Tables, state: 0 | 1, msMax: number, part: number, limit: string): string {
  const rows = (when: string) => `(SELECT ${part} AS part, seq, event, key FROM ${t.outbox}
    WHERE state = ${state} AND due_at > 0 AND due_at ${when} ORDER BY due_at LIMIT ${limit})`
  return `${rows(`<= ${NOW}`)} UNION ALL ${rows(`> ${NOW} + ${msMax}`)}`
}

/** Rows as they were stored; those of a key of which one was refused wait behind it. */
const fresh = (t: Tables, limit: string) => `(SELECT 1 AS part, seq, event, key FROM ${t.outbox}
  WHERE state = 0 AND due_at = 0 AND (key IS NULL OR (event, key) NOT IN (
    SELECT event, key FROM ${t.outbox} WHERE state = 0 AND due_at > 0 AND key IS NOT NULL))
  ORDER BY seq LIMIT ${limit})`

/**
 * Refused rows that are due, then fresh ones, then overdue ones; of a key the first. $1: how many,
 * $2: how many fresh ones are looked at. Rows are fetched by an array of their numbers: joined, the
 * planner would at times read the whole table.
 */
function candidates(t: Tables): string {
  return `WITH found AS MATERIALIZED (${due(t, 0, REFUSED_MS_MAX, 0, '$1')}
      UNION ALL ${fresh(t, '$2')} UNION ALL ${due(t, 1, RESEND_MS_MAX, 2, '$1')}),
    heads AS (SELECT DISTINCT ON (event, key, CASE WHEN key IS NULL THEN seq END) part, seq
      FROM found ORDER BY event, key, CASE WHEN key IS NULL THEN seq END, part, seq),
    chosen AS MATERIALIZED (SELECT part, seq FROM heads ORDER BY part, seq LIMIT $1)
    SELECT ${OUTBOX_COLUMNS}, (SELECT count(*) FROM found) AS seen,
      CASE WHEN o.state = 1 THEN (SELECT coalesce(json_agg(r.grp), '[]')::text
        FROM ${t.receipts} r WHERE r.seq = o.seq) END AS answered
    FROM ${t.outbox} o WHERE o.seq = ANY(ARRAY(SELECT seq FROM chosen))
    ORDER BY CASE WHEN o.state = 1 THEN 2 WHEN o.due_at = 0 THEN 1 ELSE 0 END, o.seq`
}

/** Whether there is anything to claim at all. */
function anything(t: Tables): string {
  return `SELECT EXISTS (${due(t, 0, REFUSED_MS_MAX, 0, '1')} UNION ALL ${fresh(t, '1')}
    UNION ALL ${due(t, 1, RESEND_MS_MAX, 2, '1')}) AS any`
}
