import { EMPTY_TABLE, type MethodOf } from '@hufu/wire/amqp091'

/** Methods with the arguments that matter; the others are as most clients send them. */
export function declare(
  queue: string,
  more: Partial<MethodOf<'queue.declare'>> = {},
): MethodOf<'queue.declare'> {
  const flags = { passive: false, durable: false, exclusive: true, autoDelete: false }
  return {
    ...{ name: 'queue.declare', queue, noWait: false, arguments: EMPTY_TABLE },
    ...flags,
    ...more,
  }
}

export function publish(
  exchange: string,
  routingKey: string,
  more: Partial<MethodOf<'basic.publish'>> = {},
): MethodOf<'basic.publish'> {
  return {
    name: 'basic.publish',
    exchange,
    routingKey,
    mandatory: false,
    immediate: false,
    ...more,
  }
}

export function consume(
  queue: string,
  more: Partial<MethodOf<'basic.consume'>> = {},
): MethodOf<'basic.consume'> {
  const flags = { noLocal: false, noAck: false, exclusive: false, noWait: false }
  return {
    ...{ name: 'basic.consume', queue, consumerTag: 'tag', arguments: EMPTY_TABLE },
    ...flags,
    ...more,
  }
}

export function get(queue: string, noAck = false): MethodOf<'basic.get'> {
  return { name: 'basic.get', queue, noAck }
}

export function ack(deliveryTag: number, multiple = false): MethodOf<'basic.ack'> {
  return { name: 'basic.ack', deliveryTag, multiple }
}

export function nack(
  deliveryTag: number,
  multiple: boolean,
  requeue: boolean,
): MethodOf<'basic.nack'> {
  return { name: 'basic.nack', deliveryTag, multiple, requeue }
}
