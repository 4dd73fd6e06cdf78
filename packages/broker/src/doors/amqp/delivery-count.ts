import { EMPTY_TABLE, PropertiesView, withFields, withProperties } from '@hufu/wire/amqp091'
import type { Delivery } from '../../api.ts'
import type { AmqpQueue } from './amqp-queue.ts'
import { countsDeliveries } from './core-options.ts'
import { opened, storedForm } from './message-form.ts'

const NAME = 'x-delivery-count'

const view = new PropertiesView()

/**
 * The stored properties of a delivery with the count of those before it, in queues that count.
 * RabbitMQ tells consumers from the second delivery on, who gets a message always: `gotten`.
 */
export function withDeliveryCount(
  { attempts, properties: stored }: Pick<Delivery, 'attempts' | 'properties'>,
  { name, settings }: AmqpQueue,
  gotten = false,
): Uint8Array {
  if ((attempts === 0 && !gotten) || !countsDeliveries(settings)) return stored
  const message = opened(stored)
  const { exchange, routingKey, properties } = message ?? { ...NOBODYS, routingKey: name }
  const { headers = EMPTY_TABLE } = view.read(properties)
  const counted = withFields(headers, { [NAME]: { type: 'l', value: BigInt(attempts) } })
  return storedForm(exchange, routingKey, withProperties(properties, { headers: counted }))
}

/** What no client of this protocol has published. */
const NOBODYS = { exchange: '', properties: new Uint8Array(2) }
