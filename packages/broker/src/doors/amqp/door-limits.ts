import type { Clock, Connection } from '@hufu/os'
import { AmqpError } from './amqp-error.ts'
import { FRAME_MIN, type Terms } from './negotiate.ts'

/** What a door lets its clients do, in whole numbers; `undefined`: no limit, or the default. */
export interface AmqpLimits {
  /** Connections open at a time; one more is told 530 when it opens its virtual host. */
  readonly connectionsMax?: number | undefined
  /** Connections at a time from one address, this machine's own apart; one more is dropped. */
  readonly connectionsPerAddressMax?: number | undefined
  /**
   * New connections in a second from one address, this machine's own apart; as many may come at
   * once. One more is dropped.
   */
  readonly connectionRateMax?: number | undefined
  /** Channels of a connection, 1 to 65,535. Default 2,047. */
  readonly channelsMax?: number | undefined
  /** Bytes of a frame, 8,192 to 1 MiB. Default 131,072. */
  readonly frameBytesMax?: number | undefined
  /** Offered, s, 0 to 65,535; 0: none. A client may take less, or more. Default 60. */
  readonly heartbeatS?: number | undefined
  /** Body of a message, bytes, 1 to 32 MiB; the broker's own limit holds too. Default 16 MiB. */
  readonly messageBytesMax?: number | undefined
}

const RANGES: Readonly<Record<keyof AmqpLimits, readonly [least: number, most: number]>> = {
  connectionsMax: [1, 1_000_000],
  connectionsPerAddressMax: [1, 1_000_000],
  connectionRateMax: [1, 1_000_000],
  channelsMax: [1, 65_535],
  frameBytesMax: [FRAME_MIN, 1 << 20],
  heartbeatS: [0, 65_535],
  messageBytesMax: [1, 32 << 20],
}

/** What is wrong with the limits; undefined: nothing. */
export function wrongLimit(limits: AmqpLimits): string | undefined {
  for (const [name, [least, most]] of Object.entries(RANGES)) {
    const value = limits[name as keyof AmqpLimits]
    if (value === undefined) continue
    if (Number.isSafeInteger(value) && value >= least && value <= most) continue
    return `${name} is ${value}, not a whole number from ${least} to ${most}`
  }
  return undefined
}

/** What clients are offered. */
export function offered({ channelsMax, frameBytesMax, heartbeatS }: AmqpLimits): Terms {
  return {
    channelMax: channelsMax ?? 2_047,
    frameMax: frameBytesMax ?? 131_072,
    heartbeat: heartbeatS ?? 60,
  }
}

/** Largest body, bytes: RabbitMQ's default. */
export const MESSAGE_BYTES_MAX = 16 << 20

/** Connections of one address. */
interface Visits {
  open: number
  /** New ones that may come now, and when that was so, monotonic ms. */
  tokens: number
  at: number
}

/** Counts connections: all of them, and those of each address that is not this machine's. */
export class Doorkeeper {
  readonly #limits: AmqpLimits
  readonly #clock: Clock
  readonly #visits = new Map<string, Visits>()
  #open = 0

  constructor(limits: AmqpLimits, clock: Clock) {
    this.#limits = limits
    this.#clock = clock
  }

  /** Why the connection is not taken; undefined: it is, and counts. */
  refusal({ remote: { host }, loopback }: Connection): string | undefined {
    if (loopback) return undefined
    const visits = this.#of(host)
    const { connectionsPerAddressMax: most, connectionRateMax: rate } = this.#limits
    if (most !== undefined && visits.open >= most)
      return `${host} has ${most} connections, its limit`
    if (rate !== undefined && visits.tokens < 1)
      return `${host} opens more than ${rate} in a second`
    visits.open++
    visits.tokens--
    return undefined
  }

  /** A connection that was taken is over. */
  left({ remote: { host }, loopback }: Pick<Connection, 'remote' | 'loopback'>): void {
    const visits = this.#visits.get(host)
    if (loopback || visits === undefined) return
    visits.open--
    this.#forget()
  }

  /** Throws 530 where one more may not be opened. */
  entered(): void {
    const most = this.#limits.connectionsMax
    if (most !== undefined && this.#open >= most) {
      const text = `connection refused: node connection limit (${most}) is reached`
      throw new AmqpError(530, text)
    }
    this.#open++
  }

  /** One that had entered is over. */
  gone(): void {
    this.#open--
  }

  #of(host: string): Visits {
    const rate = this.#limits.connectionRateMax ?? 1
    const now = this.#clock.mono()
    const visits = this.#visits.get(host) ?? { open: 0, tokens: rate, at: now }
    visits.tokens = Math.min(rate, visits.tokens + ((now - visits.at) / 1_000) * rate)
    visits.at = now
    this.#visits.set(host, visits)
    return visits
  }

  /** Those who have been away for a second are as new. */
  #forget(): void {
    const now = this.#clock.mono()
    for (const [host, { open, at }] of this.#visits) {
      if (open > 0 || now - at < 1_000) return
      this.#visits.delete(host)
    }
  }
}
