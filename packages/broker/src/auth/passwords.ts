import { createHmac } from 'node:crypto'
import type { Random } from '@hufu/os'
import { AuthError } from './errors.ts'
import type { PasswordHash, ScryptCost } from './password-hash.ts'
import { hashPassword, isOutdated, isPassword } from './password-hash.ts'
import { Turnstile } from './turnstile.ts'

export interface PasswordLimits {
  /** Cost of new hashes. Default ln 15, r 8, p 3: 32 MiB, a sixth of a second. */
  readonly cost: ScryptCost
  /** Hashes computed at once. Default 2: as many of libuv's four threads stay for the log. */
  readonly atOnce: number
  /** Checks that may wait for their turn. Default 10,000. */
  readonly waitingMax: number
  /** Right passwords remembered. Default 10,000. */
  readonly rememberedMax: number
  /** Longest password, bytes. Default 1,024. */
  readonly passwordBytesMax: number
}

const LIMITS: PasswordLimits = {
  cost: { ln: 15, r: 8, p: 3 },
  atOnce: 2,
  waitingMax: 10_000,
  rememberedMax: 10_000,
  passwordBytesMax: 1_024,
}

export interface Verdict {
  readonly right: boolean
  /** What to store from now on, when the stored hash is of an older kind. */
  readonly rehashed?: PasswordHash
}

const WRONG: Verdict = { right: false }

/**
 * Hashes and checks passwords without holding the process up. A right password is remembered (as
 * a digest under a key of this process), so that a thousand connections of one user that come back
 * together cost one hash.
 */
export class Passwords {
  readonly #random: Random
  readonly #limits: PasswordLimits
  readonly #turnstile: Turnstile
  readonly #key: string
  readonly #remembered = new Set<string>()
  readonly #underWay = new Map<string, Promise<Verdict>>()

  constructor(random: Random, limits: Partial<PasswordLimits> = {}) {
    this.#random = random
    this.#limits = { ...LIMITS, ...limits }
    this.#turnstile = new Turnstile(this.#limits.atOnce, this.#limits.waitingMax)
    this.#key = random.id() + random.id()
  }

  /** @throws AuthError `limit`: the password is too long, or too many wait */
  async hash(password: string): Promise<PasswordHash> {
    if (this.#isTooLong(password)) {
      const text = `it has more than ${this.#limits.passwordBytesMax} bytes`
      throw new AuthError('limit', `Hashing a password: ${text}`)
    }
    this.#checkRoom()
    return this.#turnstile.pass(() => this.#fresh(password))
  }

  /**
   * Without a stored hash (no such user, or one without a password) the answer is no, after the
   * same time.
   * @throws AuthError `limit`: too many wait
   */
  async verify(password: string, stored: PasswordHash | undefined): Promise<Verdict> {
    if (this.#isTooLong(password)) return WRONG
    const digest = this.#digest(password, stored)
    if (this.#remembered.has(digest)) return { right: true }
    const same = this.#underWay.get(digest)
    if (same !== undefined) return same
    this.#checkRoom()
    const verdict = this.#turnstile
      .pass(() => this.#check(password, stored))
      .finally(() => this.#underWay.delete(digest))
    this.#underWay.set(digest, verdict)
    const { right, rehashed } = await verdict
    if (right) this.#remember(digest)
    if (rehashed !== undefined) this.#remember(this.#digest(password, rehashed))
    return verdict
  }

  /** One new hash, or as much work, in every case: the time tells nothing. */
  async #check(password: string, stored: PasswordHash | undefined): Promise<Verdict> {
    if (stored === undefined) {
      await this.#fresh(password)
      return WRONG
    }
    const right = await isPassword(password, stored)
    if (!isOutdated(stored, this.#limits.cost)) return { right }
    const rehashed = await this.#fresh(password)
    return right ? { right, rehashed } : WRONG
  }

  #fresh(password: string): Promise<PasswordHash> {
    return hashPassword(password, this.#random.id(), this.#limits.cost)
  }

  #digest(password: string, stored: PasswordHash | undefined): string {
    const text = `${stored?.algorithm} ${stored?.hash} ${password}`
    return createHmac('sha256', this.#key).update(text).digest('base64')
  }

  #remember(digest: string): void {
    if (this.#remembered.size >= this.#limits.rememberedMax) this.#remembered.clear()
    this.#remembered.add(digest)
  }

  #isTooLong(password: string): boolean {
    return Buffer.byteLength(password) > this.#limits.passwordBytesMax
  }

  #checkRoom(): void {
    if (!this.#turnstile.isFull) return
    const text = `${this.#limits.waitingMax} wait already`
    throw new AuthError('limit', `Checking a password: ${text}`)
  }
}
