import { plainOf, readProperties } from '@hufu/wire/amqp091'
import type { Peeked } from '../../../api.ts'
import { opened } from '../message-form.ts'
import { type Json, type JsonTable, jsonTable } from './json-value.ts'

/** A message as an administrator sees it. */
export interface MessageInfo {
  readonly id: number
  readonly state: Peeked['state']
  /** Where it was published; both empty when no AMQP client has. */
  readonly exchange: string
  readonly routingKey: string
  readonly redelivered: boolean
  /** Deliveries that failed. */
  readonly attempts: number
  /** Broker time at which it was taken, ms. */
  readonly time: number
  /** Broker time before which it is not delivered, ms; 0: it does not wait for its time. */
  readonly dueAt: number
  /** Why it failed here, as far as anybody said. */
  readonly history: readonly { readonly at: number; readonly cause: string }[]
  readonly properties: JsonTable
  readonly headers: JsonTable
  /** Of the whole body. */
  readonly bodyBytes: number
  readonly body: string
  /** `base64` where the body is no UTF-8. */
  readonly encoding: 'text' | 'base64'
  /** The body is longer than what is shown. */
  readonly cut: boolean
}

/** With the first `bytesMax` bytes of the body. */
export function messageInfo(message: Peeked, bytesMax: number): MessageInfo {
  const { id, state, redelivered, attempts, time, dueAt, history, body } = message
  const form = opened(message.properties)
  return {
    ...{ id, state, exchange: form?.exchange ?? '', routingKey: form?.routingKey ?? '' },
    ...{ redelivered, attempts, time, dueAt, history },
    ...(form === undefined ? { properties: {}, headers: {} } : propertiesOf(form.properties)),
    ...{ bodyBytes: body.length, ...shown(body, bytesMax), cut: body.length > bytesMax },
  }
}

function propertiesOf(raw: Uint8Array): Pick<MessageInfo, 'properties' | 'headers'> {
  const view = readProperties(raw)
  const properties: Record<string, Json> = {}
  for (const name of NAMES) {
    const value = view[name]
    if (value !== undefined) properties[name] = value
  }
  return { properties, headers: view.headers ? jsonTable(plainOf(view.headers)) : {} }
}

const NAMES = [
  ...(['contentType', 'contentEncoding', 'deliveryMode', 'priority', 'correlationId'] as const),
  ...(['replyTo', 'expiration', 'messageId', 'timestamp', 'type', 'userId', 'appId'] as const),
  'clusterId',
] as const

/** A character that is cut through makes no other form of the rest. */
function shown(body: Uint8Array, bytesMax: number): Pick<MessageInfo, 'body' | 'encoding'> {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
    const stream = body.length > bytesMax
    return { body: text.decode(body.subarray(0, bytesMax), { stream }), encoding: 'text' }
  } catch {
    return { body: Buffer.from(body.subarray(0, bytesMax)).toString('base64'), encoding: 'base64' }
  }
}
