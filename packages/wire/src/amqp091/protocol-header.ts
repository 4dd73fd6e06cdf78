/** `AMQP` 0 0 9 1: what a client sends first, and what a server answers to anything else. */
export const PROTOCOL_HEADER: Uint8Array = new Uint8Array([65, 77, 81, 80, 0, 0, 9, 1])

/** AMQP 0-9, which names itself so; RabbitMQ treats it as 0-9-1. */
const HEADER_0_9 = new Uint8Array([65, 77, 81, 80, 1, 1, 0, 9])

/**
 * Looks at the first bytes of a connection, from 0 to any number of them. `other` is said as soon
 * as they cannot become the header of AMQP 0-9-1; the answer to it is `PROTOCOL_HEADER` and the end
 * of the connection (AMQP 0-9-1 §4.2.2). After `amqp091` frames follow from byte 8 on.
 */
export function readProtocolHeader(received: Uint8Array): 'amqp091' | 'incomplete' | 'other' {
  const headers = [PROTOCOL_HEADER, HEADER_0_9]
  const possible = headers.some((header) => {
    return header.every((byte, at) => at >= received.length || received[at] === byte)
  })
  if (!possible) return 'other'
  return received.length < PROTOCOL_HEADER.length ? 'incomplete' : 'amqp091'
}
