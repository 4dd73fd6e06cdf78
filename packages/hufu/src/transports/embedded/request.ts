import { BrokerError, type BrokerErrorCode, type PublishRequest } from '@hufu/broker'
import type { Outgoing, Refusal } from '../../ports/transport.ts'
import { encodeEnvelope, queueName } from './wire.ts'

/** Refusals that pass: room is made, the disk catches up. */
const RETRIABLE: readonly BrokerErrorCode[] = [
  'QUEUE_FULL',
  'BUSY',
  'LOG_FULL',
  'CLOSED',
  'LOG_FAILED',
]

export function queuesOf({ event, groups }: Outgoing): string[] {
  return groups.map((group) => queueName(event, group))
}

export function requestOf(message: Outgoing): PublishRequest {
  const { key, body, delayMs } = message
  return {
    queues: queuesOf(message),
    body,
    properties: encodeEnvelope(message),
    ...(key === undefined ? {} : { key }),
    ...(delayMs === undefined ? {} : { delayMs }),
  }
}

export function refusalOf(error: unknown): Refusal {
  if (!(error instanceof BrokerError)) throw error
  const { code, message: cause } = error
  return { ok: false, code, cause, retriable: RETRIABLE.includes(code) }
}
