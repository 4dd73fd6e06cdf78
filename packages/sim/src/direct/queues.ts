import type { DeadLetterRouter, QueueOptions } from '@hufu/broker'
import type { Dice } from '../plan/dice.ts'
import type { Marks } from '../world/marks.ts'

const QUICK = { retryFirstMs: 5, retryCapMs: 20 }

/** Most ready messages of the queue `short`. */
export const SHORT_READY_MAX = 3

/** The queue whose options change while it lives. */
export const CHANGING = 'changing'

/** The queues of every world; `ordered` is consumed in the order of its keys. */
export const QUEUES: readonly { name: string; options: QueueOptions }[] = [
  { name: 'dead', options: { ...QUICK, maxAttempts: 0 } },
  { name: 'ordered', options: { ...QUICK, maxAttempts: 3, deadLetter: 'dead' } },
  { name: 'parking', options: { ...QUICK, maxAttempts: 2 } },
  { name: 'patient', options: { ...QUICK, maxAttempts: 0 } },
  { name: 'routed', options: { ...QUICK, maxAttempts: 3, routeDeadLetters: true } },
  { name: 'fleeting', options: { ...QUICK, maxAttempts: 0, messageExpiresMs: 400 } },
  {
    name: 'short',
    options: {
      ...QUICK,
      ...{ maxAttempts: 0, maxReady: SHORT_READY_MAX, weighBodies: true, deadLetter: 'dead' },
    },
  },
  { name: 'urgent', options: { ...QUICK, maxAttempts: 0, maxPriority: 3 } },
  {
    name: 'counted',
    options: { ...QUICK, maxAttempts: 3, countRequeues: true, deadLetter: 'dead' },
  },
  { name: CHANGING, options: { ...QUICK, maxAttempts: 0, maxBytes: 2 ** 30 } },
  { name: 'small', options: { ...QUICK, maxAttempts: 4, maxMessages: 12, deadLetter: 'dead' } },
]

/** Those that messages are published to. */
export const TARGETS = QUEUES.map(({ name }) => name).filter((name) => name !== 'dead')

/** The time to live of a message in a queue as it was declared, ms. */
export function expiresMsIn(queue: string, own: number | undefined): number {
  const { messageExpiresMs = Number.POSITIVE_INFINITY } = optionsOf(queue)
  return Math.min(messageExpiresMs, own ?? Number.POSITIVE_INFINITY)
}

export function optionsOf(queue: string): QueueOptions {
  return QUEUES.find(({ name }) => name === queue)?.options ?? {}
}

/** Stands behind the token in the properties of what the router has moved. */
export const ROUTED_MARK = ' routed'

/** The token in a message's properties. */
export function tokenOf(properties: Uint8Array): string {
  const text = Buffer.from(properties).toString()
  return text.endsWith(ROUTED_MARK) ? text.slice(0, -ROUTED_MARK.length) : text
}

/** What becomes of a message that `routed` gives up. */
export function fateOf(dice: Dice, token: string): 'move' | 'park' | 'drop' {
  const roll = dice.of('route', token)
  return roll < 0.5 ? 'move' : roll < 0.7 ? 'park' : 'drop'
}

export function routerOf(dice: Dice, marks: Marks): DeadLetterRouter {
  return ({ properties }) => {
    const token = tokenOf(properties)
    const fate = fateOf(dice, token)
    marks.add(fate === 'move' ? 'deadLetterRouted' : 'givenUpByRouter')
    if (fate !== 'move') return fate
    return { queues: ['dead'], properties: Buffer.from(`${token}${ROUTED_MARK}`) }
  }
}
