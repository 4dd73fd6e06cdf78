import type { QueueOptions } from '@hufu/broker'

const QUICK = { retryFirstMs: 5, retryCapMs: 20 }

/** The queues of every world; `ordered` is consumed in the order of its keys. */
export const QUEUES: readonly { name: string; options: QueueOptions }[] = [
  { name: 'dead', options: { ...QUICK, maxAttempts: 0 } },
  { name: 'ordered', options: { ...QUICK, maxAttempts: 3, deadLetter: 'dead' } },
  { name: 'parking', options: { ...QUICK, maxAttempts: 2 } },
  { name: 'patient', options: { ...QUICK, maxAttempts: 0 } },
  { name: 'small', options: { ...QUICK, maxAttempts: 4, maxMessages: 12, deadLetter: 'dead' } },
]

/** Those that messages are published to. */
export const TARGETS = QUEUES.map(({ name }) => name).filter((name) => name !== 'dead')

export function optionsOf(queue: string): QueueOptions {
  return QUEUES.find(({ name }) => name === queue)?.options ?? {}
}
