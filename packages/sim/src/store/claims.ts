import { missingGroups, outboxRow } from './outbox-rows.ts'
import {
  type Claim,
  type ClaimRequest,
  LEASES,
  type LeaseRecord,
  OUTBOX,
  type OutboxRecord,
  type OutboxRow,
  outboxKey,
  type SendOutcome,
} from './port.ts'
import type { Opened } from './session.ts'
import type { ModelTx } from './tx.ts'

/** The one lease there is. */
const RELAY = 'relay'

/** One relay at a time sends the rows of a database; the lease says which. */
export class Claims {
  readonly #opened: Opened

  constructor(opened: Opened) {
    this.#opened = opened
  }

  async claim(request: ClaimRequest): Promise<Claim | undefined> {
    const session = this.#opened()
    if (this.#candidates(1).length === 0) return { token: 0, rows: [], more: false }
    const token = await session.run((tx) => this.#takeLease(tx, request))
    if (token === undefined) return undefined
    const found = this.#candidates(request.limit + 1)
    const rows = found.slice(0, request.limit).map((record) => this.#claimed(record))
    return { token, rows, more: this.#hidden(rows.length) }
  }

  async settle(tx: ModelTx, token: number, outcomes: readonly SendOutcome[]): Promise<boolean> {
    await tx.lock(LEASES, RELAY)
    if (tx.get<LeaseRecord>(LEASES, RELAY)?.token !== token) return false
    const keys = new Map(tx.rows<OutboxRecord>(OUTBOX).map((row) => [row.ref, row] as const))
    for (const outcome of outcomes) {
      const row = keys.get(outcome.ref)
      if (row !== undefined) await this.#settleOne(tx, outboxKey(row.event, row.id), outcome)
    }
    return true
  }

  release(relay: string): Promise<void> {
    return this.#opened().run(async (tx) => {
      await tx.lock(LEASES, RELAY)
      const lease = tx.get<LeaseRecord>(LEASES, RELAY)
      if (lease?.owner !== relay) return
      await tx.put(LEASES, RELAY, { ...lease, expiresAt: 0 } as LeaseRecord)
    })
  }

  /** The token; undefined while somebody else has the lease. */
  async #takeLease(tx: ModelTx, { relay, leaseMs }: ClaimRequest): Promise<number | undefined> {
    await tx.lock(LEASES, RELAY)
    const now = this.#opened().database.now()
    const lease = tx.get<LeaseRecord>(LEASES, RELAY)
    const mine = lease?.owner === relay
    if (lease !== undefined && !mine && lease.expiresAt > now) return undefined
    const token = (lease?.token ?? 0) + (mine ? 0 : 1)
    await tx.put(LEASES, RELAY, { owner: relay, token, expiresAt: now + leaseMs } as LeaseRecord)
    return token
  }

  /** Rows that may be sent now, of each key only the earliest. */
  #candidates(limit: number): OutboxRecord[] {
    const chosen: OutboxRecord[] = []
    const keys = new Set<string>()
    for (const record of this.#sendable()) {
      if (chosen.length === limit) break
      const key = `${record.event}\n${record.key}`
      if (record.key !== null && keys.has(key)) continue
      keys.add(key)
      chosen.push(record)
    }
    return chosen
  }

  #sendable(): OutboxRecord[] {
    const { database } = this.#opened()
    const now = database.now()
    const all = database.rows<OutboxRecord>(OUTBOX).sort((a, b) => a.order - b.order)
    const waiting = all.filter(({ state }) => state === 'waiting')
    const refused = waiting.filter(({ dueAt }) => dueAt > 0)
    const blocked = new Set(refused.map((row) => `${row.event}\n${row.key}`))
    const fresh = waiting.filter((row) => {
      return row.dueAt === 0 && (row.key === null || !blocked.has(`${row.event}\n${row.key}`))
    })
    const overdue = all.filter(({ state, dueAt }) => state === 'sent' && dueAt <= now)
    return [...refused.filter(({ dueAt }) => dueAt <= now), ...fresh, ...overdue]
  }

  /** Whether there is more to claim than was given. */
  #hidden(given: number): boolean {
    return this.#sendable().length > given
  }

  #claimed(record: OutboxRecord): OutboxRow {
    if (record.state !== 'sent') return outboxRow(record)
    const groups = missingGroups(this.#opened().database, record)
    return { ...outboxRow(record), groups, resend: true }
  }

  async #settleOne(tx: ModelTx, key: string, outcome: SendOutcome): Promise<void> {
    await tx.lock(OUTBOX, key)
    const record = tx.get<OutboxRecord>(OUTBOX, key)
    if (record?.state !== 'waiting' && record?.state !== 'sent') return
    await tx.put(OUTBOX, key, this.#settled(record, outcome))
  }

  #settled(record: OutboxRecord, outcome: SendOutcome): OutboxRecord {
    const { attempts } = record
    if (outcome.outcome === 'refused') {
      return { ...record, dueAt: outcome.dueAt, attempts: attempts + 1 }
    }
    if (outcome.outcome === 'parked') return { ...record, state: 'parked', dueAt: 0 }
    if (outcome.resendAt === null) {
      return { ...record, state: 'closed', closedAt: this.#opened().database.now() }
    }
    const repeats = record.state === 'waiting' ? 0 : attempts + 1
    return { ...record, state: 'sent', dueAt: outcome.resendAt, attempts: repeats }
  }
}
