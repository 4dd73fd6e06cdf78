import type { Users } from '../../auth/users.ts'
import { AmqpError } from './amqp-error.ts'

/** A connection that is open. */
export interface Seat {
  readonly user: string
  readonly vhost: string
  /** How many channels it has open. */
  channels(): number
}

/**
 * How many connections and channels users and virtual hosts may have, in RabbitMQ's words. What is
 * there counts as it is: a limit that is lowered holds for who comes next.
 */
export class EntryLimits {
  readonly #users: Users
  readonly #seats = new Set<Seat>()

  constructor(users: Users) {
    this.#users = users
  }

  take(seat: Seat): void {
    this.#seats.add(seat)
  }

  leave(seat: Seat): void {
    this.#seats.delete(seat)
  }

  /** Throws 530 where one connection more is too many. */
  demandConnection(user: string, vhost: string): void {
    const most = this.#users.vhost(vhost)?.connectionsMax
    if (most !== undefined && this.#count((seat) => seat.vhost === vhost) >= most) {
      const what = `access to vhost '${vhost}' refused for user '${user}'`
      throw new AmqpError(530, `${what}: connection limit (${most}) is reached`)
    }
    const own = this.#users.user(user)?.connectionsMax
    if (own !== undefined && this.#count((seat) => seat.user === user) >= own) {
      const what = `connection refused for user '${user}'`
      throw new AmqpError(530, `${what}: user connection limit (${own}) is reached`)
    }
  }

  /** Throws 530 where one channel more is too many. */
  demandChannel(user: string): void {
    const most = this.#users.user(user)?.channelsMax
    if (most === undefined) return
    let open = 0
    for (const seat of this.#seats) if (seat.user === user) open += seat.channels()
    if (open < most) return
    const what = `number of channels opened for user '${user}'`
    throw new AmqpError(530, `${what} has reached the maximum allowed user limit of (${most})`)
  }

  #count(counts: (seat: Seat) => boolean): number {
    let count = 0
    for (const seat of this.#seats) if (counts(seat)) count++
    return count
  }
}
