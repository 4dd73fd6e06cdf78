import type { ConsumeMessage, Message, Options } from 'amqplib'
import { hashOf } from '../../json.ts'
import { CONTROL } from '../../limits.ts'
import type { Delivery, Outgoing } from '../../ports/transport.ts'

/** Header names of our own. `type` carries the event and `messageId` the id, where they fit. */
const ID = 'hufu-id'
const KEY = 'hufu-key'
const HEADERS = 'hufu-headers'
/** What is left of a delay that is longer than one wait, ms. */
const LEFT = 'hufu-left-ms'

/** Of a short text, by the protocol. */
const SHORT_BYTES_MAX = 255

/** The message's properties; `others`: queues that get it beside the one in its routing key. */
export function propertiesOf(
  { event, id, key, headers }: Outgoing,
  others: readonly string[],
  leftMs: number,
): Options.Publish {
  const own: Record<string, string | number> = {}
  const properties: Options.Publish = {
    persistent: true,
    mandatory: true,
    contentType: 'application/json',
    headers: own,
  }
  if (fits(event)) properties.type = event
  if (fits(id)) properties.messageId = id
  else own[ID] = id
  if (key !== undefined) own[KEY] = key
  // As one text: a header of a user's that is called CC must not lead anywhere.
  if (Object.keys(headers).length > 0) own[HEADERS] = JSON.stringify(headers)
  if (leftMs > 0) own[LEFT] = leftMs
  if (others.length > 0) properties.CC = [...others]
  return properties
}

function fits(text: string): boolean {
  return text.length <= SHORT_BYTES_MAX && Buffer.byteLength(text) <= SHORT_BYTES_MAX
}

/** What a consumer is told of a message, its handle and attempts aside. */
export type Content = Omit<Delivery, 'handle' | 'attempts' | 'redelivered' | 'cause'>

/**
 * A message of a foreign publisher is taken like one of ours; without a message id it goes by its
 * body, so that two with the same body are one.
 */
export function contentOf(event: string, group: string, message: ConsumeMessage): Content {
  const { headers = {} } = message.properties
  const id = wordOf('id', idOf(message) ?? `body ${hashOf(message.content)}`)
  const key: unknown = headers[KEY]
  const content = { event, group, id, headers: headersOf(headers[HEADERS]), body: message.content }
  return typeof key === 'string' ? { ...content, key: wordOf('key', key) } : content
}

/** As it is, or its hash: databases refuse what the library would not have published. */
function wordOf(name: string, word: string): string {
  return CONTROL.test(word) ? `${name} ${hashOf(Buffer.from(word))}` : word
}

export function idOf({ properties }: Message): string | undefined {
  const id: unknown = properties.headers?.[ID] ?? properties.messageId
  return typeof id === 'string' && id !== '' ? id : undefined
}

function headersOf(text: unknown): Record<string, string> {
  if (typeof text !== 'string') return {}
  try {
    const found: unknown = JSON.parse(text)
    return typeof found === 'object' && found !== null ? { ...(found as object) } : {}
  } catch {
    return {}
  }
}

/** How much longer the message must wait, ms. */
export function leftMsOf({ properties }: ConsumeMessage): number {
  const left: unknown = properties.headers?.[LEFT]
  return typeof left === 'number' ? left : 0
}
