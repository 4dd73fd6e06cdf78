import { SeededRandom } from '@hufu/os/simulated'
import type { BankKind } from './options.ts'
import type { Branch, Leg, Op, Slow, Transfer } from './transfer.ts'
import { BANKS, BRANCHES, HOME } from './transfer.ts'

/** Accounts of each kind in a bank; few, so that transfers meet in them. */
const PAYERS = 20
const PAYEES = 20
const CENTS_MAX = 500
/** More than any account has. */
const OVERDRAWN = 10 ** 12

export interface Account {
  readonly id: string
  readonly opening: number
  readonly closed: boolean
}

/** What every bank has. Only payers give, so that what a payee got can always be taken back. */
export function accountsOf(): Account[] {
  const open = (prefix: string, count: number, opening: number): Account[] =>
    Array.from({ length: count }, (_, n) => ({ id: `${prefix}${n}`, opening, closed: false }))
  const closed = { id: 'closed', opening: 1_000, closed: true }
  return [...open('payer', PAYERS, 10 ** 9), ...open('payee', PAYEES, 1_000), closed]
}

/** The definitions of a kind. */
export const DEFINITIONS = {
  /** Never gives up. */
  patient: 'patient',
  /** Nor does this one, but it does not wait long for the answer to a call. */
  brisk: 'brisk',
  /** A saga whose fee is no pivot, but in the tail. */
  tail: 'patient-tail',
  /** Gives up after few attempts. */
  hasty: 'hasty',
  /** Gives up at a deadline. */
  due: 'due',
} as const

/** What becomes of a transfer, and of how many in 100. */
type Fate = 'plain' | 'overdrawn' | 'closedIn' | 'closedFee' | 'slow' | 'slowUndo' | 'never'

const FATES: Readonly<Record<BankKind, Partial<Readonly<Record<Fate, number>>>>> = {
  saga: { overdrawn: 7, closedIn: 7, closedFee: 4, slow: 6, slowUndo: 3, never: 3 },
  tcc: { overdrawn: 7, closedIn: 5, closedFee: 5, slow: 7, slowUndo: 3, never: 3 },
  message: { overdrawn: 10, slow: 8 },
}

/** Every attempt. */
const ALWAYS = 1_000_000

export function transfersOf(seed: number, kind: BankKind, count: number): Transfer[] {
  const random = new SeededRandom(seed).fork('transfers')
  return Array.from({ length: count }, (_, n) => transferOf(`t${n}`, kind, random))
}

function transferOf(id: string, kind: BankKind, random: SeededRandom): Transfer {
  const fate = fateOf(kind, random)
  const legs = legsOf(kind, fate, random)
  const ends = endOf(kind, fate)
  const slow = slowOf(kind, fate, random)
  const definition = definitionOf(kind, fate, random)
  return { id, definition, legs, ...(slow && { slow }), ...(ends && { ends }) }
}

function fateOf(kind: BankKind, random: SeededRandom): Fate {
  let left = random.below(100)
  for (const [fate, share] of Object.entries(FATES[kind])) {
    if (left < share) return fate as Fate
    left -= share
  }
  return 'plain'
}

function legsOf(kind: BankKind, fate: Fate, random: SeededRandom): Record<Branch, Leg> {
  const first = random.below(BANKS.length)
  const step = 1 + random.below(BANKS.length - 1)
  const bank = (turn: number) => (first + turn * step) % BANKS.length
  const cents = 1 + random.below(CENTS_MAX)
  const fee = 1 + random.below(9)
  const given = fate === 'overdrawn' ? OVERDRAWN : cents + fee
  const inIsClosed = fate === 'closedIn' || fate === 'slowUndo'
  const payee = () => `payee${random.below(PAYEES)}`
  return {
    out: {
      bank: kind === 'message' ? HOME : bank(0),
      account: `payer${random.below(PAYERS)}`,
      cents: -given,
    },
    in: { bank: bank(1), account: inIsClosed ? 'closed' : payee(), cents: given - fee },
    fee: { bank: bank(2), account: fate === 'closedFee' ? 'closed' : payee(), cents: fee },
  }
}

/** A two-phase message whose sender is killed before its local transaction is taken back. */
function endOf(kind: BankKind, fate: Fate): Transfer['ends'] {
  if (fate === 'plain' || fate === 'slow') return kind === 'message' ? undefined : 'committed'
  return 'rolledBack'
}

function slowOf(kind: BankKind, fate: Fate, random: SeededRandom): Slow | undefined {
  const what = random.chance(0.5) ? 'request' : 'answer'
  const pick = <T>(from: readonly T[]): T => from[random.below(from.length)]!
  if (fate === 'never') {
    return { branch: 'in', op: kind === 'tcc' ? 'try' : 'action', what, attempts: ALWAYS }
  }
  const attempts = 1 + random.below(2)
  if (fate === 'slow') {
    const ops: readonly Op[] = kind === 'tcc' ? ['try', 'confirm'] : ['action']
    return { branch: pick(BRANCHES), op: pick(ops), what, attempts }
  }
  if (fate !== 'slowUndo') return undefined
  return { branch: 'out', op: kind === 'tcc' ? 'cancel' : 'compensate', what, attempts }
}

function definitionOf(kind: BankKind, fate: Fate, random: SeededRandom): string {
  const { patient, tail, brisk, hasty, due } = DEFINITIONS
  if (fate === 'slow' || fate === 'slowUndo') return brisk
  if (fate === 'never') return random.chance(0.5) ? hasty : due
  const canTail = kind === 'saga' && fate !== 'closedFee'
  return canTail && random.chance(0.5) ? tail : patient
}
