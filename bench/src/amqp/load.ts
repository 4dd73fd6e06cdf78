import type { PlainFields } from '@hufu/wire/amqp091'

/** What the driver's process is to do; it goes there as JSON. */
export interface Load {
  readonly url: string
  /** Of the server: its processor time is read, with that of its children. */
  readonly pid: number
  /** Measured, after as much again for warming up, a second at most. */
  readonly seconds: number
  /** Of each queue. */
  readonly queueArguments: PlainFields
  /** More than one stand behind a fanout exchange. */
  readonly queues: number
  /** Of a body; at least 8. */
  readonly bytes: number
  readonly persistent: boolean
  /** Connections that publish, and confirms that each may wait for; 0: none are asked for. */
  readonly publishers: number
  readonly window: number
  /** All publishers together, one tick of a millisecond after the other; 0: as fast as it goes. */
  readonly perSecond: number
  /** Connections that consume, in turn from the queues. */
  readonly consumers: number
  readonly prefetch: number
  /** Without acks; else each delivery is acked by itself. */
  readonly noAck: boolean
}

/** With consumers, publishers wait while so many messages are neither consumed nor acked. */
export const UNDER_WAY_MAX = 10_000

export interface Percentiles {
  /** ms */
  readonly p50: number
  readonly p99: number
}

/** What came of a load. */
export interface Driven {
  /** Where there are consumers: deliveries, else confirms. */
  readonly perSecond: number
  readonly confirm?: Percentiles
  /** From the write of a publish to the read of its delivery; of paced loads only. */
  readonly endToEnd?: Percentiles
  /** Processor time per message, µs: of the server's processes, of the driver. */
  readonly serverUs: number
  readonly driverUs: number
}
