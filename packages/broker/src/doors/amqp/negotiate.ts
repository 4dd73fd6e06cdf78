import type { Method, MethodOf } from '@hufu/wire/amqp091'
import { encodePlain, plainOf } from '@hufu/wire/amqp091'
import { AmqpError } from './amqp-error.ts'

/** Smallest frame that a client may ask for, bytes (RabbitMQ's spec). */
export const FRAME_MIN = 8_192

/** What the server offers, and what a connection goes by once both have agreed. */
export interface Terms {
  readonly channelMax: number
  /** Bytes of a frame, its eight bytes of header and end included. */
  readonly frameMax: number
  /** Seconds; 0: none. */
  readonly heartbeat: number
}

/** What clients look at to know with whom they speak. */
export interface Product {
  readonly product: string
  readonly version: string
}

/** Capabilities that clients ask for by name; all of them are there. */
const CAPABILITIES = {
  publisher_confirms: true,
  exchange_exchange_bindings: true,
  'basic.nack': true,
  consumer_cancel_notify: true,
  'connection.blocked': true,
  consumer_priorities: true,
  authentication_failure_close: true,
  per_consumer_qos: true,
  direct_reply_to: true,
}

export function startMethod({ product, version }: Product, external: boolean): Method {
  return {
    name: 'connection.start',
    versionMajor: 0,
    versionMinor: 9,
    serverProperties: encodePlain({
      ...{ product, version, platform: 'Node.js', capabilities: CAPABILITIES },
      information: 'Licensed under the Apache License 2.0',
    }),
    mechanisms: external ? 'PLAIN AMQPLAIN EXTERNAL' : 'PLAIN AMQPLAIN',
    locales: 'en_US',
  }
}

/** What both have agreed on; throws 530 for what the client may not ask for. */
export function agreed(client: MethodOf<'connection.tune-ok'>, offered: Terms): Terms {
  const { channelMax, frameMax, heartbeat } = client
  checkField('channel_max', channelMax, 1, offered.channelMax)
  checkField('frame_max', frameMax, FRAME_MIN, offered.frameMax)
  return { channelMax, frameMax, heartbeat }
}

function checkField(field: string, value: number, least: number, most: number): void {
  const said = `negotiated ${field} = ${value === 0 ? 'no limit' : value}`
  if (value !== 0 && value < least) {
    throw new AmqpError(530, `${said} is lower than the minimum allowed value (${least})`)
  }
  if (value === 0 || value > most) {
    throw new AmqpError(530, `${said} is higher than the maximum allowed value (${most})`)
  }
}

/** How a client says who it is. */
export type Credentials =
  | { readonly mechanism: string; readonly user: string; readonly password: string }
  /** The certificate says it. */
  | { readonly mechanism: 'EXTERNAL'; readonly user: string; readonly password: undefined }

/** Throws 502 or 503 where the response is none, or the mechanism not offered. */
export function credentialsOf(
  { mechanism, response }: MethodOf<'connection.start-ok'>,
  peerName: string | undefined,
): Credentials {
  if (mechanism === 'PLAIN') return plain(response)
  if (mechanism === 'AMQPLAIN') return amqplain(response)
  if (mechanism === 'EXTERNAL' && peerName !== undefined) {
    return { mechanism, user: peerName, password: undefined }
  }
  throw new AmqpError(503, `unknown authentication mechanism '${mechanism}'`)
}

/** RFC 4616: an identity to act as, which is not looked at, user and password, NUL between them. */
function plain(response: Uint8Array): Credentials {
  const parts = Buffer.from(response).toString('utf8').split('\0')
  if (parts.length !== 3) throw new AmqpError(502, 'the response of PLAIN has not three parts')
  return { mechanism: 'PLAIN', user: parts[1]!, password: parts[2]! }
}

function amqplain(response: Uint8Array): Credentials {
  const { LOGIN: user, PASSWORD: password } = plainOf(response)
  if (typeof user === 'string' && typeof password === 'string') {
    return { mechanism: 'AMQPLAIN', user, password }
  }
  throw new AmqpError(502, 'AMQPLAIN auth info is missing LOGIN or PASSWORD field')
}

/** Capabilities that the client has named and set. */
export function capabilitiesOf({ clientProperties }: MethodOf<'connection.start-ok'>) {
  const { capabilities } = plainOf(clientProperties)
  const named = typeof capabilities === 'object' && capabilities !== null ? capabilities : {}
  return new Set(
    Object.entries(named)
      .filter(([, value]) => value === true)
      .map(([name]) => name),
  )
}
