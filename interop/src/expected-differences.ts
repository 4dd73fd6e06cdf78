/** A line of a transcript that is another on Hufu, on purpose. */
export interface ExpectedDifference {
  /** `amqplib/topic`, or `topic` for all clients. */
  readonly program: string
  /** A part of the line that is seen on Hufu. */
  readonly hufu: string
  /** A part of the line that is seen on RabbitMQ in the same place. */
  readonly rabbitmq: string
  readonly why: string
}

export const EXPECTED_DIFFERENCES: readonly ExpectedDifference[] = []
