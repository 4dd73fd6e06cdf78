import { BrokerError } from '../errors.ts'
import type { QueueOptions } from '../options.ts'

type WithoutDefault = 'deadLetter' | 'messageExpiresMs' | 'maxReady' | 'maxReadyBytes'

/** A queue's options with every default filled in, as they are stored. */
export type StoredQueueOptions = Required<Omit<QueueOptions, WithoutDefault>> & {
  deadLetter: string | null
  messageExpiresMs: number | null
  maxReady: number | null
  maxReadyBytes: number | null
}

const DEFAULTS: StoredQueueOptions = {
  maxMessages: 10_000_000,
  maxBytes: 16 * 2 ** 30,
  maxAttempts: 16,
  countRequeues: false,
  retryFirstMs: 1_000,
  retryCapMs: 600_000,
  deadLetter: null,
  routeDeadLetters: false,
  messageExpiresMs: null,
  maxReady: null,
  maxReadyBytes: null,
  weighBodies: false,
  overflow: 'drop-head',
  maxPriority: 0,
  singleActive: false,
}

const NUMBERS = [
  'maxMessages',
  'maxBytes',
  'maxAttempts',
  'retryFirstMs',
  'retryCapMs',
  'messageExpiresMs',
  'maxReady',
  'maxReadyBytes',
  'maxPriority',
] as const

const FLAGS = ['countRequeues', 'routeDeadLetters', 'singleActive', 'weighBodies'] as const

export const PRIORITY_MAX = 255
const OVERFLOWS = ['drop-head', 'reject', 'reject-dead-letter']

/** `doing`: how a refusal begins. */
export function storedOptions(doing: string, options: QueueOptions): StoredQueueOptions {
  const stored = { ...DEFAULTS }
  for (const name of NUMBERS) {
    const value = options[name]
    if (value === undefined) continue
    if (!Number.isSafeInteger(value) || value < 0) {
      const text = `${name} is ${String(value)}, not a whole number from 0`
      throw new BrokerError('ARGUMENT', `${doing}: ${text}`)
    }
    stored[name] = value
  }
  if (stored.maxPriority > PRIORITY_MAX) {
    const text = `maxPriority is ${stored.maxPriority}, 0 to ${PRIORITY_MAX} are possible`
    throw new BrokerError('LIMIT', `${doing}: ${text}`)
  }
  const { overflow = stored.overflow } = options
  if (!OVERFLOWS.includes(overflow)) {
    const text = `overflow is ${String(overflow)}`
    throw new BrokerError('ARGUMENT', `${doing}: ${text}`)
  }
  stored.overflow = overflow
  for (const name of FLAGS) {
    const value = options[name]
    if (typeof value === 'boolean') stored[name] = value
  }
  if (options.deadLetter !== undefined) stored.deadLetter = options.deadLetter
  return stored
}

/** Options as an earlier version may have stored them, without those that it did not know. */
export function readOptions(options: Partial<StoredQueueOptions>): StoredQueueOptions {
  return { ...DEFAULTS, ...options }
}

/** Name of the first option in which two queues differ. */
export function firstDifference(a: StoredQueueOptions, b: StoredQueueOptions): string | undefined {
  const names = Object.keys(DEFAULTS) as (keyof StoredQueueOptions)[]
  return names.find((name) => a[name] !== b[name])
}
