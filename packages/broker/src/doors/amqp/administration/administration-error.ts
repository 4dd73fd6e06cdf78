import { AuthError } from '../../../auth/errors.ts'
import { BrokerError } from '../../../errors.ts'
import { RoutingError } from '../../../routing/errors.ts'
import { AmqpError } from '../amqp-error.ts'

/**
 * Why an administrator's word is not done: no such thing · it is there already · what was said is
 * wrong · it may not be, or not now.
 */
export type AdministrationReason = 'unknown' | 'exists' | 'argument' | 'refused'

/** The message says what was tried, a colon, and what is the case. */
export class AdministrationError extends Error {
  readonly reason: AdministrationReason

  constructor(reason: AdministrationReason, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'AdministrationError'
    this.reason = reason
  }
}

/** Does `work`; what parts below refuse is told as the refusal of `tried`: `Cannot <tried>: …`. */
export async function trying<T>(tried: string, work: () => Promise<T> | T): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const reason = reasonOf(error)
    if (reason === undefined) throw error
    const text = textOf(error as Error)
    throw new AdministrationError(reason, `Cannot ${tried}: ${text}`, error)
  }
}

/** For use within `trying`, which says what was tried. */
export function refusal(reason: AdministrationReason, text: string): AdministrationError {
  return new AdministrationError(reason, text)
}

function reasonOf(error: unknown): AdministrationReason | undefined {
  if (error instanceof AdministrationError) return error.reason
  if (error instanceof AuthError) return error.reason === 'unknown' ? 'unknown' : 'argument'
  if (error instanceof AmqpError) return error.code === 404 ? 'unknown' : 'refused'
  if (error instanceof RoutingError) return 'argument'
  if (!(error instanceof BrokerError)) return undefined
  return error.code === 'QUEUE_UNKNOWN' ? 'unknown' : 'refused'
}

/** AMQP's texts begin with the name of their code. */
function textOf({ message }: Error): string {
  return message.replace(/^[A-Z_]+ - /, '')
}
