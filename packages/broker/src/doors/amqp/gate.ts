import type { Os } from '@hufu/os'
import type { Broker } from '../../api.ts'
import { firstRecords, login } from '../../auth/login.ts'
import { Passwords } from '../../auth/passwords.ts'
import type { RecordChange, User } from '../../auth/records.ts'
import { Users } from '../../auth/users.ts'

/** Where the records of users are. */
const PREFIX = 'auth/'

/** Somebody who wants to come in. */
export interface Visitor {
  readonly user: string
  /** Undefined: the certificate has said it. */
  readonly password: string | undefined
  readonly loopback: boolean
}

/** Users, virtual hosts and permissions of a broker, kept as its records. */
export class Gate {
  readonly users = new Users()
  /** Rises with every change. */
  version = 1
  readonly passwords: Passwords
  readonly #broker: Broker
  #line: Promise<unknown> = Promise.resolve()

  constructor(broker: Broker, os: Os) {
    this.#broker = broker
    this.passwords = new Passwords(os.random)
  }

  /** A new broker has `guest` and `/`, as RabbitMQ. */
  async open(): Promise<void> {
    const stored = this.#broker.records.entries(PREFIX)
    if (stored.length > 0) return this.users.apply(stored.map(([key, value]) => ({ key, value })))
    await this.change(firstRecords(await this.passwords.hash('guest')))
  }

  /** Durable when it resolves, and in effect; one after the other. */
  change(changes: readonly RecordChange[]): Promise<void> {
    const done = this.#line.then(() => this.#change(changes))
    this.#line = done.catch(() => undefined)
    return done
  }

  async #change(changes: readonly RecordChange[]): Promise<void> {
    await this.#broker.records.put(changes)
    this.users.apply(changes)
    this.version++
  }

  async login({ user, password, loopback }: Visitor): Promise<boolean> {
    if (password === undefined) return this.users.user(user) !== undefined
    const given = { name: user, password, fromLoopback: loopback }
    const answer = await login(this, given)
    if ('refused' in answer) return false
    if (answer.changes.length > 0) this.#rehash(answer.user, answer.changes)
    return true
  }

  /** A newer kind of hash; the next login makes up for one that could not be stored. */
  #rehash({ name, password }: User, changes: readonly RecordChange[]): void {
    const done = this.#line.then(async () => {
      // Somebody may have set another password meanwhile.
      if (this.users.user(name)?.password?.hash === password?.hash) await this.#change(changes)
    })
    this.#line = done.catch(() => undefined)
  }

  mayEnter(user: string, vhost: string): boolean {
    return this.users.permission(user, vhost) !== undefined
  }
}
