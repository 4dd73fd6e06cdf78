import type { Delivery as BrokerDelivery } from '@hufu/broker'
import type { Delivery, Outgoing } from '../../ports/transport.ts'

/** A message's fields beside its body, as they lie in the broker's properties. */
interface Envelope {
  id: string
  key?: string
  headers: Readonly<Record<string, string>>
}

const decoder = new TextDecoder()

/** Name of the queue that holds a group's messages of an event. Names hold no slash. */
export function queueName(event: string, group: string): string {
  return `${event}/${group}`
}

export function encodeEnvelope({ id, key, headers }: Outgoing): Uint8Array {
  const envelope: Envelope = key === undefined ? { id, headers } : { id, key, headers }
  return Buffer.from(JSON.stringify(envelope))
}

export function decodeDelivery(event: string, group: string, from: BrokerDelivery): Delivery {
  const { id, properties, body, attempts, redelivered, cause } = from
  const envelope = JSON.parse(decoder.decode(properties)) as Envelope
  const delivery = { ...envelope, handle: id, event, group, body, attempts, redelivered }
  return cause === undefined ? delivery : { ...delivery, cause }
}
