import type { Method, MethodOf } from '@hufu/wire/amqp091'
import { decodeTable } from '@hufu/wire/amqp091'
import { type Binding, type Exchange, matchingOf } from '../../routing/exchange.ts'
import type { Arguments } from '../../routing/fields.ts'
import { AmqpError } from './amqp-error.ts'
import type { ChannelHost } from './channel-host.ts'
import { REPLY_TO } from './replies.ts'

const QUEUE_TYPE = 'x-queue-type'

/** What a channel remembers of its declares. */
export interface Declared {
  /** The last queue: the one that an empty name means. */
  queue: string
}

type Named = Extract<Method, { readonly noWait: boolean }>

/**
 * Exchanges, queues and bindings as a channel's methods say: done when it resolves, with the reply;
 * undefined: none is wanted.
 */
export async function declaring(
  host: ChannelHost,
  declared: Declared,
  method: Method,
): Promise<Method | undefined> {
  const reply = await performed(host, declared, method)
  return 'noWait' in method && (method as Named).noWait ? undefined : reply
}

function performed(host: ChannelHost, declared: Declared, method: Method): Promise<Method> {
  switch (method.name) {
    case 'exchange.declare':
      return declareExchange(host, method)
    case 'exchange.delete':
      return deleteExchange(host, method)
    case 'exchange.bind':
      return bindExchange(host, method, true)
    case 'exchange.unbind':
      return bindExchange(host, method, false)
    case 'queue.declare':
      return declareQueue(host, declared, method)
    case 'queue.bind':
      return bindQueue(host, declared, method, true)
    case 'queue.unbind':
      return bindQueue(host, declared, method, false)
    case 'queue.purge':
      return purge(host, declared, method)
    case 'queue.delete':
      return deleteQueue(host, declared, method)
    default:
      throw new AmqpError(503, 'unimplemented method')
  }
}

async function declareExchange(host: ChannelHost, method: MethodOf<'exchange.declare'>) {
  const { passive, type, durable, autoDelete, internal, arguments: args } = method
  const exchange = cleanName(method.exchange)
  if (passive && exchange !== '') host.vhost.demandExchange(exchange)
  else {
    demandMay(host, 'configure', 'exchange', exchange)
    const declared = { name: exchange, durable, autoDelete, internal, arguments: mapOf(args) }
    await host.vhost.declareExchange(declared, type)
  }
  return { name: 'exchange.declare-ok' } as const
}

async function deleteExchange(host: ChannelHost, method: MethodOf<'exchange.delete'>) {
  demandMay(host, 'configure', 'exchange', method.exchange)
  await host.vhost.deleteExchange(method.exchange, method.ifUnused)
  return { name: 'exchange.delete-ok' } as const
}

async function bindExchange(
  host: ChannelHost,
  method: MethodOf<'exchange.bind'> | MethodOf<'exchange.unbind'>,
  on: boolean,
): Promise<Method> {
  const { source, destination, routingKey: key } = method
  demandMay(host, 'write', 'exchange', destination)
  demandMay(host, 'read', 'exchange', source)
  const end = { kind: 'exchange', name: destination } as const
  const binding: Binding = { source, destination: end, key, arguments: mapOf(method.arguments) }
  await (on ? host.vhost.bind(binding) : host.vhost.unbind(binding))
  return { name: on ? 'exchange.bind-ok' : 'exchange.unbind-ok' }
}

async function declareQueue(
  host: ChannelHost,
  declared: Declared,
  method: MethodOf<'queue.declare'>,
): Promise<Method> {
  const { passive, durable, exclusive, autoDelete } = method
  const asked = cleanName(method.queue)
  const { vhost } = host
  if (host.parts.replies.isAddress(asked)) return repliesOk(host, asked)
  if (asked === REPLY_TO) return repliesDeclared(asked)
  if (passive) {
    const queue = vhost.queueOf(host.number, asked)
    vhost.used(queue)
    declared.queue = queue.name
    return declareOk(host, queue.name)
  }
  const name = asked || vhost.newQueueName()
  demandMay(host, 'configure', 'queue', name)
  const lasts = durable && !exclusive && !autoDelete
  const args = lasts ? typedArguments(host, method.arguments) : mapOf(method.arguments)
  const wanted = { name, durable, exclusive, autoDelete, arguments: args }
  await vhost.declareQueue(wanted, { connection: host.number, named: asked !== '' })
  declared.queue = name
  return declareOk(host, name)
}

/** A queue that names no type, and may be of any, is of its virtual host's. */
function typedArguments({ parts, vhost }: ChannelHost, given: Uint8Array): Arguments {
  const args = mapOf(given)
  const type = parts.gate.users.vhost(vhost.name)?.defaultQueueType
  if (type === undefined || args.has(QUEUE_TYPE)) return args
  return new Map([...args, [QUEUE_TYPE, { type: 'S', value: type }]])
}

/** To declare an address of direct replies is to ask whether somebody is there. */
function repliesOk(host: ChannelHost, address: string): Method {
  if (host.parts.replies.find(address) === undefined) {
    throw new AmqpError(404, `no queue '${address}' in vhost '${host.vhost.name}'`)
  }
  return repliesDeclared(address)
}

function repliesDeclared(queue: string): Method {
  return { name: 'queue.declare-ok', queue, messageCount: 0, consumerCount: 1 }
}

function declareOk(host: ChannelHost, name: string): Method {
  const queue = host.vhost.queueOf(host.number, name)
  const { ready: messageCount } = host.vhost.countOf(queue)
  const consumerCount = queue.consumers.size
  return { name: 'queue.declare-ok', queue: name, messageCount, consumerCount }
}

async function bindQueue(
  host: ChannelHost,
  declared: Declared,
  method: MethodOf<'queue.bind'> | MethodOf<'queue.unbind'>,
  on: boolean,
): Promise<Method> {
  const destination = nameOr(declared, method.queue)
  const { exchange: source } = method
  // Without queue and key both mean the last queue.
  const short = method.queue === '' && method.routingKey === ''
  const key = short ? destination : method.routingKey
  demandMay(host, 'write', 'queue', destination)
  demandMay(host, 'read', 'exchange', source)
  demandQueue(host, destination, on)
  if (on) {
    const exchange = host.vhost.routing.exchange(source)
    if (exchange !== undefined) demandKey(host, 'read', exchange, key)
  }
  const end = { kind: 'queue', name: destination } as const
  const binding: Binding = { source, destination: end, key, arguments: mapOf(method.arguments) }
  await (on ? host.vhost.bind(binding) : host.vhost.unbind(binding))
  return { name: on ? 'queue.bind-ok' : 'queue.unbind-ok' }
}

/** To unbind what is not there changes nothing. */
function demandQueue(host: ChannelHost, name: string, there: boolean): void {
  try {
    host.vhost.queueOf(host.number, name)
  } catch (error) {
    if (there || !(error instanceof AmqpError && error.code === 404)) throw error
  }
}

async function purge(
  host: ChannelHost,
  declared: Declared,
  method: MethodOf<'queue.purge'>,
): Promise<Method> {
  const name = nameOr(declared, method.queue)
  demandMay(host, 'read', 'queue', name)
  const queue = host.vhost.queueOf(host.number, name)
  const messageCount = await host.parts.broker.purge(queue.coreName)
  return { name: 'queue.purge-ok', messageCount }
}

async function deleteQueue(
  host: ChannelHost,
  declared: Declared,
  method: MethodOf<'queue.delete'>,
): Promise<Method> {
  const name = nameOr(declared, method.queue)
  demandMay(host, 'configure', 'queue', name)
  const { ifUnused, ifEmpty } = method
  const messageCount = await host.vhost.deleteQueue(name, host.number, { ifUnused, ifEmpty })
  return { name: 'queue.delete-ok', messageCount }
}

/** Throws 403 where the user may not. */
export function demandMay(
  { parts, user, vhost }: ChannelHost,
  what: 'configure' | 'write' | 'read',
  kind: 'exchange' | 'queue',
  name: string,
): void {
  if (parts.gate.users.may(user, vhost.name, what, name)) return
  const where = `${kind} '${name}' in vhost '${vhost.name}'`
  throw new AmqpError(403, `${what} access to ${where} refused for user '${user}'`)
}

/** Throws 403 where the user may not use the key with a topic exchange. */
export function demandKey(
  { parts, user, vhost }: ChannelHost,
  right: 'write' | 'read',
  exchange: Exchange,
  key: string,
): void {
  if (matchingOf(exchange) !== 'topic') return
  if (parts.gate.users.mayUseKey(user, vhost.name, exchange.name, right, key)) return
  const where = `topic '${key}' in exchange '${exchange.name}' in vhost '${vhost.name}'`
  throw new AmqpError(403, `${right} access to ${where} refused for user '${user}'`)
}

/** Throws 404 where nothing was declared on this channel. */
export function nameOr({ queue }: Declared, given: string): string {
  const name = given || queue
  if (name === '') throw new AmqpError(404, 'no previously declared queue')
  return name
}

function mapOf(raw: Uint8Array): Arguments {
  return new Map(decodeTable(raw))
}

/** RabbitMQ takes line ends out of names. */
function cleanName(name: string): string {
  return name.replace(/[\r\n]/g, '')
}
