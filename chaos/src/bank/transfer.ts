import type { StandardSchema } from 'hufu'

/** dtm's words for what a participant is asked to do. */
export type Op = 'action' | 'compensate' | 'try' | 'confirm' | 'cancel'

export type Branch = 'out' | 'in' | 'fee'

/** What one branch does to one account when all goes well. */
export interface Leg {
  /** Number of the bank; `HOME`: beside the coordinator's own tables. */
  readonly bank: number
  readonly account: string
  /** What the account gets; below 0: what it gives. */
  readonly cents: number
}

/** A call that is held up longer than its caller waits. */
export interface Slow {
  readonly branch: Branch
  readonly op: Op
  /** `request`: it takes effect late; `answer`: it takes effect and says so late. */
  readonly what: 'request' | 'answer'
  /** Of the first so many attempts. */
  readonly attempts: number
}

/** A global transaction of this run; the input of its participants. */
export interface Transfer {
  readonly id: string
  /** Name of the definition that it is begun with. */
  readonly definition: string
  readonly legs: Readonly<Record<Branch, Leg>>
  readonly slow?: Slow
  /** How it must end; undefined: a crash decides. */
  readonly ends?: 'committed' | 'rolledBack'
}

export const BANKS = [0, 1, 2] as const
export const HOME = 3
export const BRANCHES = ['out', 'in', 'fee'] as const

/** What an operation changes in the account: what it holds, and what is set aside. */
export interface Effect {
  readonly amount: number
  readonly held: number
}

/** A try sets aside what is to be given; what is to be got comes with the confirm. */
export function effectOf(op: Op, cents: number): Effect {
  if (op === 'action') return { amount: cents, held: 0 }
  if (op === 'compensate') return { amount: -cents, held: 0 }
  if (cents >= 0) return { amount: op === 'confirm' ? cents : 0, held: 0 }
  if (op === 'try') return { amount: cents, held: -cents }
  if (op === 'confirm') return { amount: 0, held: cents }
  return { amount: -cents, held: cents }
}

/** The transfers come from this program itself: only their shape is looked at. */
export const transferSchema: StandardSchema<Transfer> = {
  '~standard': {
    version: 1,
    vendor: 'chaos',
    validate(value) {
      const transfer = value as Transfer
      if (typeof transfer?.id === 'string' && transfer.legs?.out) return { value: transfer }
      return { issues: [{ message: 'no transfer' }] }
    },
  },
}
