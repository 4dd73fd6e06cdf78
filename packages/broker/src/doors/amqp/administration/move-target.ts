import { decodeTable, readProperties } from '@hufu/wire/amqp091'
import type { Delivery } from '../../../api.ts'
import { type Arguments, NO_ARGUMENTS } from '../../../routing/fields.ts'
import { LIFE_MS_MAX } from '../core-options.ts'
import { type Opened, opened, storedForm } from '../message-form.ts'
import type { VirtualHost } from '../virtual-host.ts'
import { demandQueue } from './queue-administration.ts'

/** Where messages are moved. */
export type Target =
  | { readonly queue: string }
  /** Without a routing key each keeps its own. */
  | { readonly exchange: string; readonly routingKey?: string | undefined }

/** Where one message goes, as the core takes it. */
export interface Placed {
  readonly queues: readonly string[]
  readonly properties: Uint8Array
}

/** Says where a message goes, or why it stays. */
export type Place = (message: Delivery) => Placed | string

/** Throws 404 when there is no such queue or exchange. */
export function placeAt(vhost: VirtualHost, target: Target): Place {
  if ('queue' in target) {
    const { coreName } = demandQueue(vhost, target.queue)
    return ({ properties }) => ({ queues: [coreName], properties })
  }
  const { exchange, routingKey } = target
  vhost.demandExchange(exchange)
  return ({ properties }) => {
    const message = opened(properties)
    if (message === undefined) return 'no AMQP client has published it: it has no routing key'
    const key = routingKey ?? message.routingKey
    return placedBy(vhost, message, exchange, [key])
  }
}

/** What the exchange makes of it, with that name and the first key from now on. */
export function placedBy(
  vhost: VirtualHost,
  message: Opened,
  exchange: string,
  keys: readonly string[],
): Placed | string {
  const found = vhost.routing.exchange(exchange)
  if (found === undefined) return `there is no exchange '${exchange}'`
  const headers = () => headersOf(message.properties)
  const queues = vhost.route({ exchange: found, delayed: false }, keys, headers)
  if (queues.length > 0) {
    return { queues, properties: storedForm(exchange, keys[0]!, message.properties) }
  }
  return `exchange '${exchange}' has no queue for the key '${keys[0]}'`
}

export function headersOf(properties: Uint8Array): Arguments {
  const { headers } = readProperties(properties)
  return headers === undefined ? NO_ARGUMENTS : new Map(decodeTable(headers))
}

/** What the core is to know of a message that is put into another queue: its time begins again. */
export function lifeOf(stored: Uint8Array): { priority: number; expiresMs?: number } {
  const message = opened(stored)
  if (message === undefined) return { priority: 0 }
  const { priority = 0, expiration } = readProperties(message.properties)
  if (expiration === undefined || !/^\d+$/.test(expiration)) return { priority }
  return { priority, expiresMs: Math.min(Number(expiration), LIFE_MS_MAX) }
}
