import { type Binding, type Destination, matchingOf } from '../../routing/exchange.ts'
import type { Routing } from '../../routing/routing.ts'
import { AmqpError } from './amqp-error.ts'
import type { AmqpQueue } from './amqp-queue.ts'

/** Most `#` in a pattern. */
const HASHES_MAX = 2

type Queues = ReadonlyMap<string, AmqpQueue>

/** As RabbitMQ since 4.3: matching takes longer with each `#`. Throws 406. */
export function checkPattern(routing: Routing, { source, key }: Binding): void {
  const exchange = routing.exchange(source)
  if (exchange === undefined || matchingOf(exchange) !== 'topic') return
  const hashes = key.split('.').filter((word) => word === '#').length
  if (hashes <= HASHES_MAX) return
  throw new AmqpError(406, `invalid routing key '${key}': ${hashes} '#', at most ${HASHES_MAX}`)
}

/** Both of its ends are. */
export function isThere(routing: Routing, queues: Queues, binding: Binding): boolean {
  const { source, destination } = binding
  return routing.exchange(source) !== undefined && isDestination(routing, queues, destination)
}

function isDestination(routing: Routing, queues: Queues, { kind, name }: Destination): boolean {
  return kind === 'exchange' ? routing.exchange(name) !== undefined : queues.has(name)
}

/** Both of its ends are to be there after a restart. */
export function isDurable(routing: Routing, queues: Queues, binding: Binding): boolean {
  const { kind, name } = binding.destination
  if (routing.exchange(binding.source)?.durable !== true) return false
  if (kind === 'exchange') return routing.exchange(name)?.durable === true
  return queues.get(name)!.lasts
}
