import type { ClaimRequest } from '../../ports/store.ts'
import type { Opened } from './access.ts'
import type { Session } from './session.ts'
import { NOW } from './session.ts'

/**
 * The token first: assignments are made from left to right. An end further away than any owner asks
 * for means that the server's clock was set back.
 */
const TAKE = `UPDATE hufu_leases SET token = token + (owner <> ?), owner = ?,
  expires_at = ${NOW} + ? WHERE name = 'relay'
  AND (owner = ? OR expires_at <= ${NOW} OR expires_at > ${NOW} + 2 * ?)`

const HELD = `SELECT token FROM hufu_leases WHERE name = 'relay' AND owner = ?`

const CURRENT = `SELECT token FROM hufu_leases WHERE name = 'relay' FOR UPDATE`

const RELEASE = `UPDATE hufu_leases SET expires_at = 0 WHERE name = 'relay' AND owner = ?`

/**
 * The right to be the relay that sends, for a limited time. Its token rises with each new owner:
 * what a former owner brings late is known by its older token.
 */
export class Lease {
  readonly #opened: Opened
  #owner = ''
  #freshUntil = 0
  token = 0

  constructor(opened: Opened) {
    this.#opened = opened
  }

  /** The lease is this owner's and not half over. */
  fresh({ relay }: ClaimRequest): boolean {
    return this.#owner === relay && this.#opened().os.clock.mono() < this.#freshUntil
  }

  /** Takes or renews it; false while somebody else has it. */
  async take(session: Session, { relay, leaseMs }: ClaimRequest): Promise<boolean> {
    const since = this.#opened().os.clock.mono()
    await session.run(TAKE, relay, relay, leaseMs, relay, leaseMs)
    const held = await session.row<{ token: number }>(HELD, relay)
    if (held === undefined) return false
    this.#owner = relay
    this.token = held.token
    this.#freshUntil = since + leaseMs / 2
    return true
  }

  /** In a transaction: nobody takes it over before that ends. */
  async holds(session: Session, token: number): Promise<boolean> {
    return (await session.row<{ token: number }>(CURRENT))?.token === token
  }

  async release(owner: string): Promise<void> {
    if (this.#owner === owner) this.#owner = ''
    await this.#opened().own.alone((session) => session.run(RELEASE, owner))
  }
}
