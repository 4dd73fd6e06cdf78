import type { Os } from '@hufu/os'
import type { Broker } from '../../api.ts'
import { firstRecords, login } from '../../auth/login.ts'
import { Passwords } from '../../auth/passwords.ts'
import type { RecordChange, Right } from '../../auth/records.ts'
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
  readonly passwords: Passwords
  readonly #broker: Broker

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

  /** Durable when it resolves, and in effect. */
  async change(changes: readonly RecordChange[]): Promise<void> {
    await this.#broker.records.put(changes)
    this.users.apply(changes)
  }

  async login({ user, password, loopback }: Visitor): Promise<boolean> {
    if (password === undefined) return this.users.user(user) !== undefined
    const given = { name: user, password, fromLoopback: loopback }
    const answer = await login(this, given)
    if ('refused' in answer) return false
    // A newer kind of hash; the next login makes up for one that could not be stored.
    if (answer.changes.length > 0) this.change(answer.changes).catch(() => undefined)
    return true
  }

  mayEnter(user: string, vhost: string): boolean {
    return this.users.permission(user, vhost) !== undefined
  }

  may(user: string, vhost: string, right: Right, name: string): boolean {
    return this.users.may(user, vhost, right, name)
  }
}
