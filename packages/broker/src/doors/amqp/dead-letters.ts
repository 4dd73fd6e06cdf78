import type { Entries, FieldValue } from '@hufu/wire/amqp091'
import {
  decodeTable,
  EMPTY_TABLE,
  encodeTable,
  PropertiesView,
  withProperties,
} from '@hufu/wire/amqp091'
import type { GivenUp } from '../../options.ts'
import type { Arguments } from '../../routing/fields.ts'
import type { AmqpQueue } from './amqp-queue.ts'
import { type Opened, opened, storedForm } from './message-form.ts'
import type { VirtualHost } from './virtual-host.ts'

/** What becomes of a message that a queue gives up. */
export type Fate = { queues: readonly string[]; properties: Uint8Array } | 'park' | 'drop'

const view = new PropertiesView()

/**
 * Where RabbitMQ would send what a queue gives up, with its `x-death` headers. Without a
 * dead-letter exchange that leads somewhere it is gone, but for what has failed too often: that
 * stays, parked.
 */
export function fateOf(given: GivenUp, vhost: VirtualHost, queue: AmqpQueue): Fate {
  const { deadLetterExchange, deadLetterRoutingKey } = queue.settings
  const none = given.reason === 'delivery_limit' ? 'park' : 'drop'
  const message = opened(given.properties)
  if (deadLetterExchange === undefined || message === undefined) return none
  if (vhost.routing.exchange(deadLetterExchange) === undefined) return none
  const death = deathOf(given, queue, message)
  const headers: Arguments = new Map(death.entries)
  const keys = deadLetterRoutingKey === undefined ? death.keys : [deadLetterRoutingKey]
  const names = new Set<string>()
  vhost.routing.routeOf(deadLetterExchange, keys, () => headers, names)
  const queues = [...names].filter((name) => !isCircle(name, death.deaths))
  if (queues.length === 0) return none
  const key = deadLetterRoutingKey ?? message.routingKey
  const properties = withProperties(message.properties, {
    headers: encodeTable(shownEntries(death.entries, deadLetterRoutingKey)),
    expiration: undefined,
  })
  const stored = storedForm(deadLetterExchange, key, properties)
  return { queues: queues.map((name) => vhost.coreName(name)), properties: stored }
}

interface Death {
  /** Headers of the message, with this death in them. */
  readonly entries: Entries
  /** Its deaths, this one first. */
  readonly deaths: readonly Entries[]
  /** Routing keys with which it came. */
  readonly keys: readonly string[]
}

function deathOf({ reason, time }: GivenUp, queue: AmqpQueue, message: Opened): Death {
  const { headers = EMPTY_TABLE, expiration } = view.read(message.properties)
  const entries = decodeTable(headers)
  const before = grouped(deathsIn(entries))
  const keys = [message.routingKey, ...textsUnder(entries, 'CC')]
  const same = before.find((death) => isSame(death, queue.name, reason))
  const count = BigInt(numberUnder(same, 'count') + 1)
  const fields: [string, FieldValue][] = [
    ['count', { type: 'l', value: count }],
    ['reason', text(reason)],
    ['queue', text(queue.name)],
    ['time', { type: 'T', value: BigInt(Math.floor(time / 1_000)) }],
    ['exchange', text(message.exchange)],
    ['routing-keys', { type: 'A', value: keys.map(text) }],
  ]
  if (expiration !== undefined) fields.push(['original-expiration', text(expiration)])
  const deaths = [fields, ...before.filter((death) => death !== same)]
  const all = deaths.map((value) => ({ type: 'F', value }) as const)
  return { entries: withDeaths(entries, { type: 'A', value: all }, fields), deaths, keys }
}

/** The headers with all deaths, and the first and last one told apart. */
function withDeaths(entries: Entries, deaths: FieldValue, last: Entries): Entries {
  const of = (name: string) => last.find(([key]) => key === name)![1]
  const places = ['reason', 'queue', 'exchange'] as const
  const lasts = places.map((name) => [`x-last-death-${name}`, of(name)] as const)
  const firsts = places.map((name) => [`x-first-death-${name}`, of(name)] as const)
  const known = entries.filter(([key]) => key !== 'x-death' && !key.startsWith('x-last-death-'))
  const hadOne = known.some(([key]) => key === 'x-first-death-reason')
  return [...known, ['x-death', deaths], ...(hadOne ? [] : firsts), ...lasts]
}

/** With a routing key of its own, a dead letter does not go to those in `CC` any more. */
function shownEntries(entries: Entries, routingKey: string | undefined): Entries {
  return routingKey === undefined ? entries : entries.filter(([key]) => key !== 'CC')
}

/** It has died there, and nobody has rejected it since: it would go round for ever. */
function isCircle(name: string, deaths: readonly Entries[]): boolean {
  const at = deaths.findIndex((death) => textUnder(death, 'queue') === name)
  if (at < 0) return false
  return deaths.slice(0, at + 1).every((death) => textUnder(death, 'reason') !== 'rejected')
}

function deathsIn(entries: Entries): Entries[] {
  const found = entries.find(([key]) => key === 'x-death')?.[1]
  if (found?.type !== 'A') return []
  return found.value.flatMap((each) => (each.type === 'F' ? [each.value] : []))
}

/** Those of one queue and reason as one, as old brokers and other clients may not have it. */
function grouped(deaths: readonly Entries[]): Entries[] {
  const groups = new Map<string, Entries[]>()
  for (const death of deaths) {
    const key = `${textUnder(death, 'queue')} ${textUnder(death, 'reason')}`
    groups.set(key, [...(groups.get(key) ?? []), death])
  }
  return Array.from(groups.values(), ([first, ...more]) => {
    if (more.length === 0) return first!
    const count = [first!, ...more].reduce(
      (sum, each) => sum + (numberUnder(each, 'count') || 1),
      0,
    )
    const others = first!.filter(([name]) => name !== 'count')
    return [['count', { type: 'l', value: BigInt(count) }], ...others] as Entries
  })
}

function isSame(death: Entries, queue: string, reason: string): boolean {
  return textUnder(death, 'queue') === queue && textUnder(death, 'reason') === reason
}

function textUnder(entries: Entries, name: string): string | undefined {
  const found = entries.find(([key]) => key === name)?.[1]
  return found?.type === 'S' ? String(found.value) : undefined
}

function textsUnder(entries: Entries, name: string): string[] {
  const found = entries.find(([key]) => key === name)?.[1]
  if (found?.type !== 'A') return []
  return found.value.flatMap((each) => (each.type === 'S' ? [String(each.value)] : []))
}

function numberUnder(entries: Entries | undefined, name: string): number {
  const found = entries?.find(([key]) => key === name)?.[1]
  return found === undefined ? 0 : Number(found.value)
}

function text(value: string): FieldValue {
  return { type: 'S', value }
}
