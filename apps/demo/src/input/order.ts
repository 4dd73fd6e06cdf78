import type { StandardSchema } from 'hufu'

/** Longest id, user id and article number, characters. */
const WORD_CHARS_MAX = 255

/** An order as the shop takes it. */
export interface Order {
  readonly id: string
  readonly userId: string
  readonly sku: string
  /** Price, above 0. */
  readonly cents: number
  readonly couponId: string | null
}

/** The order in a value read from JSON, unknown fields left out; or the reason why it is none. */
export function readOrder(value: unknown): Order | string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return 'an order must be a JSON object'
  }
  const { id, userId, sku, cents, couponId = null } = value as Record<string, unknown>
  const refused =
    wrongWord('id', id) ??
    wrongWord('userId', userId) ??
    wrongWord('sku', sku) ??
    wrongCents(cents) ??
    wrongCoupon(couponId)
  if (refused) return refused
  return { id, userId, sku, cents, couponId } as Order
}

/** Points that an order is worth: one for each whole 100 cents. */
export function pointsOf(cents: number): number {
  return Math.floor(cents / 100)
}

/** `Order` as a Standard Schema validator. */
export const orderSchema: StandardSchema<Order> = {
  '~standard': {
    version: 1,
    vendor: 'hufu-demo',
    validate(value) {
      const order = readOrder(value)
      return typeof order === 'string' ? { issues: [{ message: order }] } : { value: order }
    },
  },
}

function wrongWord(name: string, value: unknown): string | undefined {
  if (typeof value !== 'string') return `${name} must be a string`
  if (value === '') return `${name} must not be empty`
  if (value.length > WORD_CHARS_MAX) return `${name} is longer than ${WORD_CHARS_MAX} characters`
  // Half of a surrogate pair has no UTF-8 form: two different ids would become one in the database.
  return value.isWellFormed() ? undefined : `${name} holds half a character`
}

function wrongCents(value: unknown): string | undefined {
  const right = typeof value === 'number' && Number.isSafeInteger(value) && value > 0
  return right ? undefined : 'cents must be a whole number from 1 to 9007199254740991'
}

function wrongCoupon(value: unknown): string | undefined {
  if (value === null) return undefined
  if (typeof value !== 'string') return 'couponId must be a string or null'
  return value.isWellFormed() ? undefined : 'couponId holds half a character'
}
