import type { Move } from './books.ts'
import type { BankKind } from './options.ts'
import { BRANCHES, type Branch, effectOf, type Op, type Transfer } from './transfer.ts'

/** How a global transaction stands in the coordinators' table. */
export interface Standing {
  readonly id: string
  readonly status: string
}

interface Evidence {
  readonly kind: BankKind
  readonly transfers: readonly Transfer[]
  /** Ids of those that a coordinator has accepted. */
  readonly accepted: ReadonlySet<string>
  readonly standings: readonly Standing[]
  /** What took effect, by the number of the bank. */
  readonly moves: readonly (readonly Move[])[]
}

/** What does not fit, in words: the effects of each transfer must be those of its outcome. */
export function problemsOf(evidence: Evidence): string[] {
  const { kind, transfers, accepted, standings, moves } = evidence
  const statusOf = new Map(standings.map(({ id, status }) => [id, status]))
  const effects = byTransfer(moves)
  const known = new Set(transfers.map(({ id }) => id))
  const strangers = [...new Set([...statusOf.keys(), ...effects.keys()])]
    .filter((id) => !known.has(id))
    .map((id) => `${id}: nobody asked for it`)
  const wrong = transfers.flatMap((transfer) => {
    const status = statusOf.get(transfer.id)
    const found = effects.get(transfer.id) ?? []
    if (status === undefined && found.length === 0 && !accepted.has(transfer.id)) return []
    return problemOf(kind, transfer, status, found).map((text) => `${transfer.id}: ${text}`)
  })
  return [...strangers, ...wrong]
}

function problemOf(
  kind: BankKind,
  transfer: Transfer,
  status: string | undefined,
  found: readonly string[],
): string[] {
  if (status === undefined) return ['it was accepted, and is not there']
  const text = found.join(', ')
  if (status === 'committed') {
    const wanted = BRANCHES.flatMap((branch) => lines(transfer, branch, DONE[kind])).sort()
    if (wanted.join() !== found.join()) return [`committed, and there are ${text || 'no effects'}`]
  } else if (status === 'rolledBack') {
    const left = BRANCHES.flatMap((branch) => leftOf(kind, transfer, branch, found))
    const strange = found.length - BRANCHES.flatMap((branch) => of(branch, found)).length
    if (left.length > 0 || strange > 0) return [`rolled back, and there are ${text}`]
  } else return []
  const { ends } = transfer
  return ends === undefined || ends === status ? [] : [`it ended as ${status}, planned was ${ends}`]
}

const DONE: Readonly<Record<BankKind, readonly Op[]>> = {
  saga: ['action'],
  tcc: ['confirm', 'try'],
  message: ['action'],
}

const UNDONE: Readonly<Record<BankKind, readonly Op[]>> = {
  saga: ['action', 'compensate'],
  tcc: ['cancel', 'try'],
  message: [],
}

/** Nothing, or all of it undone. */
function leftOf(
  kind: BankKind,
  transfer: Transfer,
  branch: Branch,
  found: readonly string[],
): readonly string[] {
  const own = of(branch, found)
  return own.join() === lines(transfer, branch, UNDONE[kind]).sort().join() ? [] : own
}

function of(branch: string, found: readonly string[]): string[] {
  return found.filter((line) => line.startsWith(`${branch}/`))
}

function lines({ legs }: Transfer, branch: Branch, ops: readonly Op[]): string[] {
  const { bank, account, cents } = legs[branch]
  return ops.map((op) => lineOf(bank, { branch, op, account, ...effectOf(op, cents) }))
}

function lineOf(bank: number, { branch, op, account, amount, held }: Omit<Move, 'gid'>): string {
  return `${branch}/${op} bank ${bank} ${account} ${amount} ${held}`
}

function byTransfer(moves: Evidence['moves']): Map<string, string[]> {
  const found = new Map<string, string[]>()
  for (const [bank, own] of moves.entries()) {
    for (const move of own) {
      const list = found.get(move.gid) ?? []
      list.push(lineOf(bank, move))
      found.set(move.gid, list)
    }
  }
  for (const list of found.values()) list.sort()
  return found
}
