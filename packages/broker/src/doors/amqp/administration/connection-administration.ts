import { refusal, trying } from './administration-error.ts'
import type { AdministrationHost } from './administration-host.ts'

/** A client that is connected. */
export interface ConnectionInfo {
  /** Of this life of the server; not given again. */
  readonly number: number
  /** Empty while it has not logged in. */
  readonly user: string
  /** Empty while it has opened none. */
  readonly vhost: string
  readonly host: string
  readonly port: number
  /** Wall-clock time at which it came, ms. */
  readonly since: number
}

/** The clients that are connected. */
export class ConnectionAdministration {
  readonly #host: AdministrationHost

  constructor(host: AdministrationHost) {
    this.#host = host
  }

  list(): ConnectionInfo[] {
    return [...this.#host.guests()].map(({ connection, remote, since }) => {
      const { number, user } = connection
      const vhost: { name: string } | undefined = connection.vhost
      return { number, user, vhost: vhost?.name ?? '', ...remote, since }
    })
  }

  /** The client is told (320) and has some seconds to answer. `unknown`. */
  close(number: number, reason: string): Promise<void> {
    return trying(`close connection ${number}`, () => {
      const guest = [...this.#host.guests()].find((each) => each.connection.number === number)
      if (guest === undefined) throw refusal('unknown', 'there is none of that number')
      guest.connection.close(320, reason)
    })
  }
}
