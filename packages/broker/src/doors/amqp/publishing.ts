import {
  decodeTable,
  flagOf,
  PropertiesView,
  shortstr,
  withFields,
  withProperties,
  writeAck,
  writeNack,
  writeReturn,
} from '@hufu/wire/amqp091'
import type { PublisherMessage } from '../../api.ts'
import { type Arguments, type Field, NO_ARGUMENTS, typeName } from '../../routing/fields.ts'
import { AmqpError } from './amqp-error.ts'
import type { ChannelHost } from './channel-host.ts'
import { Confirms, type ConfirmWriter } from './confirms.ts'
import type { Published } from './content-reader.ts'
import { LIFE_MS_MAX } from './core-options.ts'
import { storedForm } from './message-form.ts'
import { NOWHERE, PublishLine } from './publish-line.ts'
import { REPLY_TO } from './replies.ts'
import { demandKey, demandMay } from './topology-methods.ts'
import type { Transaction } from './transaction.ts'
import type { Target } from './virtual-host.ts'

/** `basic.return` of what nobody wanted. */
const NO_ROUTE = 312
const NO_ROUTE_TEXT = shortstr('NO_ROUTE')

/** Routing keys besides that of the publish; the second is taken out before delivery. */
const MORE_KEYS = ['CC', 'BCC'] as const

/** What a message says of itself, as far as the broker goes by it. */
interface Said {
  readonly keys: readonly string[]
  /** As the core keeps it, without what is not to be delivered. */
  readonly stored: Uint8Array
  readonly delayMs: number
  /** Time to live; undefined: none. */
  readonly expiresMs: number | undefined
  readonly priority: number
  readonly persistent: boolean
  readonly headers: () => Arguments
}

const NO_HEADERS = () => NO_ARGUMENTS

/** Properties that more than the delivery depends on. */
const SAYS_MORE = flagOf('headers') | flagOf('expiration') | flagOf('userId') | flagOf('replyTo')

/** Delivery mode. */
const PERSISTENT = 2

/** Publishes of one channel, and their confirms. */
export class Publishing implements ConfirmWriter {
  readonly #host: ChannelHost
  readonly #channel: number
  readonly #confirms = new Confirms()
  readonly #view = new PropertiesView()
  readonly #replyAddress: () => string | undefined
  /** Of the last publish, and what was known of users and exchanges then. */
  #target: Target | undefined
  #users = 0
  #topology = 0
  readonly #line: PublishLine
  /** Numbers of the line before the first that is confirmed; undefined: none is. */
  #unconfirmed: number | undefined

  /**
   * `replyAddress`: where direct replies to the channel go, if it takes any; `failed`: what is
   * wrong with a publish was found out late.
   */
  constructor(
    host: ChannelHost,
    channel: number,
    replyAddress: () => string | undefined,
    failed: (error: unknown) => void,
  ) {
    this.#host = host
    this.#channel = channel
    this.#replyAddress = replyAddress
    const { broker, flow } = host.parts
    this.#line = new PublishLine(broker, flow, host, {
      stored: (from, to) => this.#told(from, to, true),
      refused: (from, to) => this.#told(from, to, false),
      failed,
    })
  }

  /** From now on each publish is confirmed. */
  confirm(): void {
    this.#unconfirmed ??= this.#line.last
  }

  get confirming(): boolean {
    return this.#unconfirmed !== undefined
  }

  /** Throws what is wrong with it. */
  publish(published: Published, transaction: Transaction | undefined): void {
    const { exchange, routingKey } = published
    const { vhost } = this.#host
    const target = this.#targetOf(exchange)
    demandKey(this.#host, 'write', target.exchange, routingKey)
    const { replies } = this.#host.parts
    const isReply = exchange === '' && replies.isAddress(routingKey)
    const { flags } = this.#view.read(published.stored, published.propertiesAt)
    const isPlain = transaction === undefined && !isReply && (flags & SAYS_MORE) === 0
    if (isPlain) return this.#plain(published, target)
    const said = this.#said(published)
    if (isReply) {
      return this.#reply({ ...published, stored: said.stored }, transaction)
    }
    const queues = vhost.route(target, said.keys, said.headers)
    if (queues.length === 0) return this.#unrouted(published, transaction)
    const { stored: properties } = said
    const delayMs = target.delayed ? said.delayMs : 0
    const { expiresMs, priority } = said
    const request = {
      ...{ queues, body: published.body, properties, delayMs, priority },
      ...(expiresMs !== undefined && { expiresMs }),
    }
    if (transaction !== undefined) {
      const kept = owned(request)
      return transaction.publish(kept, { ...published, body: kept.body })
    }
    this.#add(this.confirming || said.persistent ? request : { ...request, volatile: true })
  }

  /** As `publish`, of what most messages are: nothing in it says more than where it goes. */
  #plain(published: Published, target: Target): void {
    const { routingKey, body, stored: properties } = published
    const queues = this.#host.vhost.route(target, [routingKey], NO_HEADERS)
    if (queues.length === 0) return this.#unrouted(published, undefined)
    const { priority = 0, deliveryMode } = this.#view
    // A confirm says that it is on disk, whatever the message says of itself.
    const volatile = !this.confirming && deliveryMode !== PERSISTENT
    this.#add({ queues, body, properties, priority, volatile })
  }

  #add(message: PublisherMessage): void {
    // Numbered first: what is refused is told at once.
    if (this.confirming) this.#confirms.next()
    this.#line.add(message)
    this.#host.published()
  }

  /** What was published goes to the core. */
  handOver(): void {
    this.#line.flush()
  }

  /** Resolves when everything published so far is stored, or refused. */
  told(): Promise<void> | undefined {
    this.handOver()
    return this.#line.told()
  }

  /** What has been stored since is told. */
  flush(): void {
    if (this.confirming) this.#confirms.flush(this)
  }

  giveBack({ stored, body }: Published): void {
    writeReturn(this.#host.out, this.#channel, NO_ROUTE, NO_ROUTE_TEXT, stored, 1, body)
    this.#host.changed()
  }

  ack(deliveryTag: number, multiple: boolean): void {
    writeAck(this.#host.out, this.#channel, deliveryTag, multiple)
  }

  nack(deliveryTag: number): void {
    writeNack(this.#host.out, this.#channel, deliveryTag, false)
  }

  /** It is not stored: it has arrived, or there is nobody. */
  #reply(published: Published, transaction: Transaction | undefined): void {
    const { routingKey, stored, body } = published
    const target = this.#host.parts.replies.find(routingKey)
    if (target === undefined) return this.#unrouted(published, transaction)
    target.reply({ bytes: stored, at: 1 }, body)
    this.#storedNowhere()
  }

  #unrouted(published: Published, transaction: Transaction | undefined): void {
    if (published.mandatory && transaction !== undefined) {
      return transaction.unrouted(owned(published))
    }
    if (published.mandatory) this.giveBack(published)
    this.#storedNowhere()
  }

  /** It is confirmed in its turn. */
  #storedNowhere(): void {
    if (!this.confirming) return
    this.#confirms.next()
    this.#line.add(NOWHERE)
    this.#host.published()
  }

  #told(from: number, to: number, stored: boolean): void {
    if (this.#unconfirmed === undefined) return
    const [first, last] = [from - this.#unconfirmed, to - this.#unconfirmed]
    if (stored) this.#confirms.stored(first, last)
    else this.#confirms.refused(first, last)
    this.#host.changed()
  }

  /** The exchange of a publish, mostly the same as of the one before. */
  #targetOf(exchange: string): Target {
    const { vhost, parts } = this.#host
    const known = this.#target
    const same = known?.exchange.name === exchange && this.#users === parts.gate.version
    if (same && this.#topology === vhost.version) return known
    demandMay(this.#host, 'write', 'exchange', exchange)
    this.#target = vhost.target(exchange)
    this.#users = parts.gate.version
    this.#topology = vhost.version
    return this.#target
  }

  #said(published: Published): Said {
    const { routingKey, stored, propertiesAt } = published
    const view = this.#view.read(stored, propertiesAt)
    const { headers, expiration, userId, replyTo, priority = 0 } = view
    const persistent = view.deliveryMode === PERSISTENT
    const { user } = this.#host
    if (userId !== undefined && userId !== user) {
      const text = `user_id property set to '${userId}' but authenticated user was '${user}'`
      throw new AmqpError(406, text)
    }
    const expiresMs = expiration === undefined ? undefined : millisecondsIn(expiration)
    const table: Arguments = headers === undefined ? NO_ARGUMENTS : new Map(decodeTable(headers))
    const isChanged = replyTo === REPLY_TO || table.has('BCC')
    const shown = isChanged ? this.#changed(published, headers) : stored
    if (headers === undefined) {
      const plain = { keys: [routingKey], delayMs: 0, headers: NO_HEADERS }
      return { ...plain, stored: shown, expiresMs, priority, persistent }
    }
    const delayMs = Math.max(0, Number(table.get('x-delay')?.value ?? 0)) || 0
    const keys = [routingKey, ...MORE_KEYS.flatMap((name) => keysIn(table, name))]
    const times = { delayMs, expiresMs }
    return { keys, stored: shown, ...times, priority, persistent, headers: () => table }
  }

  /** As it is to be stored and delivered: with an address to reply to, and without BCC. */
  #changed(published: Published, headers: Uint8Array | undefined): Uint8Array {
    const { exchange, routingKey, stored, propertiesAt } = published
    const changes = {
      ...(this.#view.replyTo === REPLY_TO && { replyTo: this.#address() }),
      ...(headers !== undefined && { headers: withFields(headers, { BCC: undefined }) }),
    }
    const properties = withProperties(stored.subarray(propertiesAt), changes)
    return storedForm(exchange, routingKey, properties)
  }

  /** What the name for "here" becomes. */
  #address(): string {
    const address = this.#replyAddress()
    if (address === undefined) throw new AmqpError(406, 'fast reply consumer does not exist')
    return address
  }
}

/** With a body that does not hold more memory than it needs. */
function owned<T extends { readonly body: Uint8Array }>(message: T): T {
  return { ...message, body: Buffer.from(message.body) }
}

function keysIn(headers: Arguments, name: string): string[] {
  const given = headers.get(name)
  if (given === undefined) return []
  const keys = given.type === 'A' ? (given.value as readonly Field[]) : [given]
  if (given.type === 'A' && keys.every(({ type }) => type === 'S')) {
    return keys.map(({ value }) => String(value))
  }
  const type = typeName(keys.find((key) => key.type !== 'S') ?? given)
  throw new AmqpError(406, `invalid message: {unacceptable_type_in_header,"${name}",${type}}`)
}

/** Milliseconds in decimal digits; what is wrong is told in RabbitMQ's words. */
function millisecondsIn(text: string): number {
  if (/^\d+$/.test(text)) return Math.min(Number(text), LIFE_MS_MAX)
  const number = /^[+-]?\d+/.exec(text)?.[0]
  const rest = text.slice(number?.length ?? 0)
  const why =
    number === undefined
      ? 'no_integer'
      : rest === ''
        ? `{value_negative,${number}}`
        : `{leftover_string,"${rest}"}`
  throw new AmqpError(406, `invalid expiration '${text}': ${why}`)
}
