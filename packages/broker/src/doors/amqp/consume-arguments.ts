import { decodeTable } from '@hufu/wire/amqp091'
import { wrongArgument } from '../../routing/argument-checks.ts'
import { AmqpError } from './amqp-error.ts'

const PRIORITY = 'x-priority'

/** The priority of a consumer; throws 406, in RabbitMQ's words, where it is no whole number. */
export function priorityIn(args: Uint8Array, where: string): number {
  const table = new Map(decodeTable(args))
  const wrong = wrongArgument(PRIORITY, table)
  if (wrong !== undefined)
    throw new AmqpError(406, `invalid arg '${PRIORITY}' for ${where}: ${wrong}`)
  return Number(table.get(PRIORITY)?.value ?? 0)
}
