import { AdministrationError } from '@hufu/broker/amqp'
import type { Refusal } from './answer.ts'
import { InputError } from './input.ts'

/** Why an operation was not done, for whoever asked for it. */
export function refusalOf(operation: string, error: unknown): Refusal {
  if (error instanceof AdministrationError) return { reason: error.reason, message: error.message }
  const { message } = error as Error
  const reason = error instanceof InputError ? 'argument' : 'failed'
  return { reason, message: `Cannot do ${operation}: ${message}` }
}
