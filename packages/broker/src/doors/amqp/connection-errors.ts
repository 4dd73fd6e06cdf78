import { WireError } from '@hufu/wire/amqp091'
import { AmqpError } from './amqp-error.ts'
import { type FailedMethod, NO_METHOD } from './failed-method.ts'
import { told } from './refusals.ts'

/** What a client is told of an error; one that is no fault of its own is told to `warn` too. */
export function asAmqp(error: unknown, warn: (text: string) => void): AmqpError {
  const refusal = told(error)
  if (refusal instanceof AmqpError) return refusal
  if (error instanceof WireError) return new AmqpError(error.code, error.message)
  warn(String(error))
  return new AmqpError(541, 'the broker cannot do it')
}

/** The method that could not be read. */
export function methodOf(error: unknown): FailedMethod {
  return error instanceof WireError ? error : NO_METHOD
}
