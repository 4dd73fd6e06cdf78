import type { Arguments, Field } from '../../../routing/fields.ts'
import type { AmqpQueue } from '../amqp-queue.ts'
import { opened, storedForm } from '../message-form.ts'
import type { VirtualHost } from '../virtual-host.ts'
import { headersOf, type Place, placedBy } from './move-target.ts'
import { findQueue } from './queue-administration.ts'

/** What the newest entry of `x-death` says. */
interface Death {
  readonly queue: string
  readonly exchange: string
  readonly keys: readonly string[]
}

/**
 * Back to where a dead letter died last, with the exchange and the key that it had there. Its
 * headers stay: they tell how often it died.
 */
export function placeOfDeath(vhost: VirtualHost, from: AmqpQueue): Place {
  return ({ properties }) => {
    const message = opened(properties)
    const death = message && lastDeath(headersOf(message.properties))
    if (message === undefined || death === undefined) return 'it has no header x-death'
    if (death.queue === from.name) return 'it died in this very queue'
    const { exchange, keys } = death
    const queue = findQueue(vhost, death.queue)
    if (queue === undefined) return placedBy(vhost, message, exchange, keys)
    const stored = storedForm(exchange, keys[0]!, message.properties)
    return { queues: [queue.coreName], properties: stored }
  }
}

function lastDeath(headers: Arguments): Death | undefined {
  const deaths = headers.get('x-death')
  if (deaths?.type !== 'A') return undefined
  const [newest] = deaths.value as readonly Field[]
  if (newest?.type !== 'F') return undefined
  const fields = new Map(newest.value as Iterable<[string, Field]>)
  const [queue, exchange] = [textIn(fields.get('queue')), textIn(fields.get('exchange'))]
  const keys = fields.get('routing-keys')
  const texts = keys?.type === 'A' ? (keys.value as readonly Field[]).map(textIn) : []
  const known = texts.filter((key) => key !== undefined)
  if (queue === undefined || exchange === undefined || known.length === 0) return undefined
  return { queue, exchange, keys: known }
}

function textIn(field: Field | undefined): string | undefined {
  return field?.type === 'S' ? String(field.value) : undefined
}
