import { AuthError } from '../../auth/errors.ts'
import { BrokerError } from '../../errors.ts'
import { RoutingError, type RoutingReason } from '../../routing/errors.ts'
import { AmqpError, type ReplyCode } from './amqp-error.ts'

const CODES: Readonly<Record<RoutingReason, ReplyCode>> = {
  'exchange-unknown': 404,
  'exchange-exists': 406,
  'exchange-type': 406,
  'queue-unknown': 404,
  reserved: 403,
  'default-exchange': 403,
  inequivalent: 406,
  argument: 406,
  limit: 406,
}

/** What parts below refuse, in AMQP's words; anything else as it is. */
export function told(error: unknown): unknown {
  if (error instanceof AuthError) return new AmqpError(406, error.message)
  if (error instanceof RoutingError) return new AmqpError(CODES[error.reason], error.message)
  if (error instanceof BrokerError && error.code === 'LIMIT')
    return new AmqpError(406, error.message)
  return error
}
