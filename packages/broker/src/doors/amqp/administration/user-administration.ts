import type { PasswordHash } from '../../../auth/password-hash.ts'
import type { User } from '../../../auth/records.ts'
import { userRecord } from '../../../auth/records.ts'
import { refusal, trying } from './administration-error.ts'
import type { AdministrationHost } from './administration-host.ts'

/** A user as an administrator sees it. */
export interface UserInfo {
  readonly name: string
  readonly tags: readonly string[]
  /** How its password is kept; `none`: no password lets it in. */
  readonly password: PasswordHash['algorithm'] | 'none'
  readonly connectionsMax?: number
  readonly channelsMax?: number
}

/** Undefined stays as it is, null takes the limit away. */
export interface UserLimits {
  readonly connectionsMax?: number | null | undefined
  readonly channelsMax?: number | null | undefined
}

/** Who may log in. Each change is durable, and in effect, when it resolves. */
export class UserAdministration {
  readonly #host: AdministrationHost

  constructor(host: AdministrationHost) {
    this.#host = host
  }

  /** By name. */
  list(): UserInfo[] {
    return byName(this.#host.gate.users.users()).map(({ password, ...rest }) => {
      return { ...rest, password: password?.algorithm ?? 'none' }
    })
  }

  /** Without a password none lets it in: a certificate does. `exists`, `argument`. */
  add(name: string, password?: string, tags: readonly string[] = []): Promise<void> {
    return trying(`add user '${name}'`, async () => {
      if (this.#host.gate.users.user(name) !== undefined) throw refusal('exists', 'it is there')
      await this.#put({ name, tags, ...(await this.#hashed(password)) })
    })
  }

  /** Undefined: no password lets it in any more. Connections that are open stay. `unknown`. */
  setPassword(name: string, password: string | undefined): Promise<void> {
    return trying(`set the password of user '${name}'`, async () => {
      this.#demand(name)
      const hashed = await this.#hashed(password)
      const { password: _, ...rest } = this.#demand(name)
      await this.#put({ ...rest, ...hashed })
    })
  }

  /** Such as `administrator`. `unknown`. */
  setTags(name: string, tags: readonly string[]): Promise<void> {
    return trying(`set the tags of user '${name}'`, () => {
      return this.#put({ ...this.#demand(name), tags })
    })
  }

  /** For connections that come, and channels that are opened, from now on. `unknown`. */
  setLimits(name: string, limits: UserLimits): Promise<void> {
    return trying(`set the limits of user '${name}'`, () => {
      return this.#put(withLimits(this.#demand(name), limits))
    })
  }

  /** Its permissions go with it, and its connections are closed (320). `unknown`. */
  remove(name: string): Promise<void> {
    return trying(`remove user '${name}'`, async () => {
      this.#demand(name)
      const { gate } = this.#host
      await gate.change(gate.users.withoutUser(name))
      for (const { connection } of [...this.#host.guests()]) {
        if (connection.user === name) connection.close(320, `user '${name}' is deleted`)
      }
    })
  }

  #demand(name: string): User {
    const user = this.#host.gate.users.user(name)
    if (user === undefined) throw refusal('unknown', `no user '${name}'`)
    return user
  }

  async #hashed(password: string | undefined): Promise<Pick<User, 'password'>> {
    if (password === undefined) return {}
    if (password === '') throw refusal('argument', 'the password is empty')
    return { password: await this.#host.gate.passwords.hash(password) }
  }

  async #put(user: User): Promise<void> {
    await this.#host.gate.change([userRecord(user)])
  }
}

/** Sorted by name. */
export function byName<T extends { readonly name: string }>(all: readonly T[]): T[] {
  return [...all].sort((a, b) => (a.name < b.name ? -1 : Number(a.name > b.name)))
}

/** Throws `argument`. */
export function withLimits<T extends object>(thing: T, limits: object): T {
  const next: Record<string, unknown> = Object.fromEntries(Object.entries(thing))
  for (const [name, limit] of Object.entries(limits)) {
    if (limit === undefined) continue
    if (limit === null) delete next[name]
    else if (Number.isSafeInteger(limit) && limit >= 0) next[name] = limit
    else throw refusal('argument', `${name} is ${String(limit)}, not a whole number from 0`)
  }
  return next as T
}
