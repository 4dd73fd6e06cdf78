import type { DiskLock } from '@hufu/os'
import { isDiskError } from '@hufu/os'
import type { ClaimRequest } from '../../ports/store.ts'
import type { Opened } from './access.ts'
import type { Connection } from './connection.ts'

/** ?5: the former owner is known to be gone. */
const TAKE = `INSERT INTO hufu_leases (name, owner, token, expires_at) VALUES (?1, ?2, 1, ?3 + ?4)
  ON CONFLICT (name) DO UPDATE SET token = token + (owner <> ?2), owner = ?2, expires_at = ?3 + ?4
  WHERE ?5 OR owner = ?2 OR expires_at <= ?3 OR expires_at > ?3 + 2 * ?4`

/**
 * The right to be the one who does something, for a limited time. Its token rises with each new
 * owner: what a former owner brings late is known by its older token. An end further away than any
 * owner asks for means that the clock has jumped back; it counts as over.
 *
 * The owner also holds a lock of the operating system, which ends with its process: who gets that
 * lock need not wait for the lease of an owner that was killed.
 */
export class Lease {
  readonly #name: string
  readonly #opened: Opened
  #owner = ''
  #freshUntil = 0
  #lock: DiskLock | undefined
  token = 0

  constructor(name: string, opened: Opened) {
    this.#name = name
    this.#opened = opened
  }

  /** The lease is this owner's and not half over. */
  fresh(request: ClaimRequest): boolean {
    return this.#owner === request.relay && this.#opened().os.clock.mono() < this.#freshUntil
  }

  /** Takes or renews it; false while somebody else has it. */
  async take(request: ClaimRequest): Promise<boolean> {
    const since = this.#opened().os.clock.mono()
    const alone = await this.#tryLock()
    const token = await this.#write(request, alone)
    if (token === undefined) return false
    this.#owner = request.relay
    this.token = token
    this.#freshUntil = since + request.leaseMs / 2
    return true
  }

  holds(connection: Connection, token: number): boolean {
    return this.#current(connection) === token
  }

  async release(owner: string): Promise<void> {
    if (this.#owner === owner) this.#owner = ''
    const sql = 'UPDATE hufu_leases SET expires_at = 0 WHERE name = ? AND owner = ?'
    await this.#opened().writer.submit(({ connection }) => connection.run(sql, this.#name, owner))
    this.letGo()
  }

  letGo(): void {
    this.#lock?.release()
    this.#lock = undefined
  }

  #write({ relay, leaseMs }: ClaimRequest, alone: boolean): Promise<number | undefined> {
    const { writer, os } = this.#opened()
    return writer.submit(({ connection }) => {
      const params = [this.#name, relay, os.clock.now(), leaseMs, alone ? 1 : 0]
      return connection.run(TAKE, ...params) === 1 ? this.#current(connection) : undefined
    })
  }

  /** True when the lock was not held before: its last holder has ended or let go. */
  async #tryLock(): Promise<boolean> {
    if (this.#lock) return false
    const { os, path } = this.#opened()
    try {
      this.#lock = await os.disk.lock(`${path}-${this.#name}`)
      return true
    } catch (error) {
      if (isDiskError(error)) return false
      throw error
    }
  }

  #current(connection: Connection): number | undefined {
    const sql = 'SELECT token FROM hufu_leases WHERE name = ?'
    return connection.get<{ token: number }>(sql, this.#name)?.token
  }
}
