import type { ClaimRequest } from '../../ports/store.ts'
import type { Opened } from './access.ts'
import type { Tables } from './tables.ts'
import { NOW } from './tables.ts'
import type { PostgresTx } from './tx.ts'
import { first } from './tx.ts'

/**
 * The right to be the one who does something, for a limited time. Its token rises with each new
 * owner: what a former owner brings late is known by its older token. An end further away than any
 * owner asks for means that the database's clock has jumped back; it counts as over.
 */
export class Lease {
  readonly #name: string
  readonly #opened: Opened
  readonly #sql: { readonly take: string; readonly hold: string; readonly release: string }
  #owner = ''
  #freshUntil = 0
  token = 0

  constructor(name: string, t: Tables, opened: Opened) {
    this.#name = name
    this.#opened = opened
    this.#sql = {
      take: `INSERT INTO ${t.leases} AS l (name, owner, token, expires_at)
        VALUES ($1, $2, 1, ${NOW} + $3::bigint) ON CONFLICT (name) DO UPDATE SET
          token = l.token + CASE WHEN l.owner = $2 THEN 0 ELSE 1 END, owner = $2,
          expires_at = ${NOW} + $3::bigint
        WHERE l.owner = $2 OR l.expires_at <= ${NOW} OR l.expires_at > ${NOW} + 2 * $3::bigint
        RETURNING token`,
      // Locked: who takes over waits until the transaction that brings results has ended.
      hold: `SELECT token FROM ${t.leases} WHERE name = $1 FOR SHARE`,
      release: `UPDATE ${t.leases} SET expires_at = 0 WHERE name = $1 AND owner = $2`,
    }
  }

  /** The lease is this owner's and not half over. */
  fresh(request: ClaimRequest): boolean {
    return this.#owner === request.relay && this.#opened().os.clock.mono() < this.#freshUntil
  }

  /** Takes or renews it; false while somebody else has it. */
  async take({ relay, leaseMs }: ClaimRequest): Promise<boolean> {
    const { own, os } = this.#opened()
    const since = os.clock.mono()
    const params = [this.#name, relay, Math.ceil(leaseMs)]
    const { rows } = await own.write<{ token: unknown }>('Taking a lease', this.#sql.take, params)
    if (rows.length === 0) return false
    this.#owner = relay
    this.token = Number(rows[0]!.token)
    this.#freshUntil = since + leaseMs / 2
    return true
  }

  /** Whether nobody has taken over; nobody will before `tx` ends. */
  async holds(tx: PostgresTx, token: number): Promise<boolean> {
    const found = await first<{ token: unknown }>(tx, this.#sql.hold, [this.#name])
    return found !== undefined && Number(found.token) === token
  }

  async release(owner: string): Promise<void> {
    if (this.#owner === owner) this.#owner = ''
    await this.#opened().own.write('Releasing a lease', this.#sql.release, [this.#name, owner])
  }
}
