import type { Broker, Delivery, Limits, QueueOptions } from '@hufu/broker'
import type { Delivered } from '../history/event.ts'
import { DEAD, ORDERED } from '../history/history.ts'
import { digestOf, tokenOf } from './body.ts'

const KiB = 1024

/** So small that every trial rolls, frees and recycles segments and copies stragglers. */
export const LIMITS: Partial<Limits> = {
  segmentBytesMin: 64 * KiB,
  segmentBytesMax: 128 * KiB,
  checkpointBytes: 96 * KiB,
  cacheBytes: 128 * KiB,
}

const QUICK = { retryFirstMs: 5, retryCapMs: 40 }

/** Queues and what they do; `parking` parks what failed, `shelf` is read slowly. */
export const QUEUES: Readonly<Record<string, QueueOptions>> = {
  [DEAD]: { ...QUICK, maxAttempts: 0 },
  [ORDERED]: { ...QUICK, maxAttempts: 4, deadLetter: DEAD },
  work: { ...QUICK, maxAttempts: 0 },
  retrying: { ...QUICK, maxAttempts: 3, deadLetter: DEAD },
  parking: { ...QUICK, maxAttempts: 2 },
  shelf: { ...QUICK, maxAttempts: 0 },
}

/** Queues that are published to. */
export const TARGETS = Object.keys(QUEUES).filter((name) => name !== DEAD)

export async function declareAll(broker: Broker): Promise<void> {
  for (const [name, options] of Object.entries(QUEUES)) await broker.declareQueue(name, options)
}

export function placeOf({ queue, deadLetter }: Delivery): string {
  return deadLetter === undefined ? queue : `${queue}<${deadLetter.queue}`
}

/** What is to be noted of a delivery. */
export function deliveredEvent(delivery: Delivery, time: number): Delivered {
  const { id, redelivered, body } = delivery
  const place = placeOf(delivery)
  const seen = { place, token: tokenOf(body), id, redelivered, digest: digestOf(body), time }
  return { kind: 'delivered', ...seen }
}
