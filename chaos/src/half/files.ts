import { join } from 'node:path'

/** The files of a run. */
export interface Files {
  readonly broker: string
  readonly shop: string
  readonly points: string
  readonly notes: string
}

export function filesIn(dir: string): Files {
  return {
    broker: join(dir, 'broker'),
    shop: join(dir, 'shop.db'),
    points: join(dir, 'points.db'),
    notes: join(dir, 'notes.jsonl'),
  }
}

/** The producer's name, and so the group whose producers are asked. */
export const SHOP = 'shop'

export const EVENT = 'order.placed'
export const GROUP = 'points'

export function messageId(number: number): string {
  return `m${number}`
}
