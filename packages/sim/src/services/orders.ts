import type { StandardSchema } from 'hufu'
import type { Row } from '../store/tx.ts'

/** What the shop tells the others of an order. */
export interface Order {
  readonly id: string
  readonly cents: number
}

export const orderSchema: StandardSchema<Order> = {
  '~standard': {
    version: 1,
    vendor: 'sim',
    validate(value) {
      const { id, cents } = (value ?? {}) as Partial<Order>
      if (typeof id !== 'string') return { issues: [{ message: 'no text', path: ['id'] }] }
      return { value: { id, cents: Number(cents) } }
    },
  },
}

/** `points` takes them in the order of their keys, `sms` as they come. */
export const GROUPS = ['points', 'sms'] as const
export type Group = (typeof GROUPS)[number]

/** The shop's own row of an order; `order` rises in the order of the commits. */
export interface OrderRow extends Row {
  readonly id: string
  readonly key: string | null
  readonly delayed: boolean
  /** Published as a half message, not through the outbox. */
  readonly half: boolean
}

/** What a group did for an order; a second one would be a second effect. */
export interface EffectRow extends Row {
  readonly id: string
  readonly group: Group
  readonly run: number
}

/** The shop's own record of an answer; a second one would be a receipt that closed twice. */
export interface AnswerRow extends Row {
  readonly id: string
  readonly group: string
  readonly outcome: 'done' | 'failed'
  readonly run: number
}

export const ORDERS = 'orders'
export const EFFECTS = 'effects'
export const ANSWERS = 'answers'
