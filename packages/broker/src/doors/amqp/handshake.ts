import type { Connection } from '@hufu/os'
import type { Method, MethodOf } from '@hufu/wire/amqp091'
import { AmqpError } from './amqp-error.ts'
import { REFUSED_MS } from './connection-limits.ts'
import type { DoorParts } from './door-parts.ts'
import type { Seat } from './entry-limits.ts'
import { agreed, capabilitiesOf, credentialsOf, startMethod, type Terms } from './negotiate.ts'
import type { VirtualHost } from './virtual-host.ts'

/** What the handshake tells its connection. */
export interface HandshakeHost {
  send(method: Method): void
  /** The client is told, and the connection ends. */
  fail(error: unknown): void
  /** Agreed on how long frames may be. */
  tuned(terms: Terms): void
  opened(): void
  /** How many channels are open. */
  channels(): number
}

/** From the protocol header to an open connection: who it is, on which terms, and where. */
export class Handshake {
  user = ''
  capabilities: ReadonlySet<string> = new Set()
  terms: Terms
  vhost!: VirtualHost
  readonly #parts: DoorParts
  readonly #socket: Connection
  readonly #host: HandshakeHost
  #seat: Seat | undefined
  #awaits: 'start-ok' | 'login' | 'tune-ok' | 'open' | 'nothing' = 'nothing'

  constructor(parts: DoorParts, socket: Connection, host: HandshakeHost) {
    this.#parts = parts
    this.terms = parts.offered
    this.#socket = socket
    this.#host = host
  }

  begin(): void {
    this.#awaits = 'start-ok'
    this.#host.send(startMethod(this.#parts, this.#socket.peerName !== undefined))
  }

  /** The connection ends. */
  end(): void {
    this.#awaits = 'nothing'
    if (this.#seat === undefined) return
    this.#parts.limits.leave(this.#seat)
    this.#parts.keeper.gone()
    this.#seat = undefined
  }

  /** Throws 530 where a channel of this number may not be opened. */
  demandChannel(number: number): void {
    const most = this.terms.channelMax
    if (number > most) {
      throw new AmqpError(530, `number of channels opened exceeds the limit of ${most}`)
    }
    this.#parts.limits.demandChannel(this.user)
  }

  /** Takes a method; false when it is not the one that is awaited. */
  take(method: Method): boolean {
    if (method.name !== `connection.${this.#awaits}`) return false
    if (method.name === 'connection.start-ok') this.#login(method)
    else if (method.name === 'connection.tune-ok') this.#tuned(method)
    else if (method.name === 'connection.open') this.#open(method)
    return true
  }

  #login(method: MethodOf<'connection.start-ok'>): void {
    this.capabilities = capabilitiesOf(method)
    const credentials = credentialsOf(method, this.#socket.peerName)
    this.#awaits = 'login'
    const { loopback } = this.#socket
    this.#parts.gate.login({ ...credentials, loopback }).then(
      (may) => (may ? this.#loggedIn(credentials.user) : this.#refused(credentials.mechanism)),
      (error) => this.#host.fail(error),
    )
  }

  #loggedIn(user: string): void {
    if (this.#awaits !== 'login') return
    this.user = user
    this.#awaits = 'tune-ok'
    this.#host.send({ name: 'connection.tune', ...this.#parts.offered })
  }

  /** A client that does not know of it would take a close for something else. */
  #refused(mechanism: string): void {
    if (this.capabilities.has('authentication_failure_close')) {
      const words = 'Login was refused using authentication mechanism'
      const where = 'For details see the broker logfile.'
      return this.#host.fail(new AmqpError(403, `${words} ${mechanism}. ${where}`, true))
    }
    this.#parts.os.clock.timer(REFUSED_MS, () => this.#socket.destroy())
  }

  #tuned(method: MethodOf<'connection.tune-ok'>): void {
    this.terms = agreed(method, this.#parts.offered)
    this.#host.tuned(this.terms)
    this.#awaits = 'open'
  }

  #open({ virtualHost: name }: MethodOf<'connection.open'>): void {
    const vhost = this.#parts.vhost(name)
    if (vhost === undefined) throw new AmqpError(530, `vhost ${name} not found`)
    this.#parts.limits.demandConnection(this.user, name)
    if (!this.#parts.gate.mayEnter(this.user, name)) {
      throw new AmqpError(530, `access to vhost '${name}' refused for user '${this.user}'`)
    }
    this.vhost = vhost
    this.#parts.keeper.entered()
    this.#awaits = 'nothing'
    this.#seat = { user: this.user, vhost: name, channels: () => this.#host.channels() }
    this.#parts.limits.take(this.#seat)
    this.#host.opened()
    this.#host.send({ name: 'connection.open-ok' })
  }
}
