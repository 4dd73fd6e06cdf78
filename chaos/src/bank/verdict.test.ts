import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Move } from './books.ts'
import type { BankKind } from './options.ts'
import { transfersOf } from './plan.ts'
import { BRANCHES, type Branch, effectOf, type Op, type Transfer } from './transfer.ts'
import { problemsOf } from './verdict.ts'

const HISTORY = 1

function first(kind: BankKind, ends: Transfer['ends']): Transfer {
  return transfersOf(HISTORY, kind, 100).find((each) => each.ends === ends)!
}

/** The moves of a transfer, by bank, when its branches do these operations. */
function moves({ id, legs }: Transfer, ops: Partial<Record<Branch, readonly Op[]>>): Move[][] {
  const found: Move[][] = [[], [], [], []]
  for (const branch of BRANCHES) {
    const { bank, account, cents } = legs[branch]
    for (const op of ops[branch] ?? []) {
      found[bank]!.push({ gid: id, branch, op, account, ...effectOf(op, cents) })
    }
  }
  return found
}

function judged(kind: BankKind, transfer: Transfer, status: string, found: Move[][]): string {
  const standings = [{ id: transfer.id, status }]
  const accepted = new Set([transfer.id])
  return problemsOf({ kind, transfers: [transfer], accepted, standings, moves: found }).join('\n')
}

const ALL = (...ops: Op[]) => ({ out: ops, in: ops, fee: ops })

test('committed: every branch took effect once', () => {
  const transfer = first('saga', 'committed')
  const check = (ops: Parameters<typeof moves>[1]) =>
    judged('saga', transfer, 'committed', moves(transfer, ops))
  assert.equal(check(ALL('action')), '')
  assert.match(check({ out: ['action'], in: ['action'] }), /committed, and there are in\/action/)
  assert.match(check({ ...ALL('action'), in: ['action', 'action'] }), /committed, and there are/)
  assert.match(check({ ...ALL('action'), out: ['action', 'compensate'] }), /committed, and/)
})

test('rolled back: nothing, or all of it undone', () => {
  const transfer = first('tcc', 'rolledBack')
  const check = (ops: Parameters<typeof moves>[1]) =>
    judged('tcc', transfer, 'rolledBack', moves(transfer, ops))
  assert.equal(check({}), '')
  assert.equal(check({ out: ['try', 'cancel'], fee: ['cancel', 'try'] }), '')
  assert.match(check({ out: ['try'] }), /rolled back, and there are out\/try/)
  assert.match(check({ out: ['cancel'] }), /rolled back/)
  assert.match(check({ out: ['try', 'confirm'] }), /rolled back/)
})

test('a two-phase message that was taken back has no debit', () => {
  const transfer = first('message', 'rolledBack')
  const check = (status: string, ops: Parameters<typeof moves>[1]) =>
    judged('message', transfer, status, moves(transfer, ops))
  assert.equal(check('rolledBack', {}), '')
  assert.match(check('rolledBack', { out: ['action'] }), /rolled back, and there are out/)
})

test('an end that was not planned, a lost transfer and an unknown one are told', () => {
  const transfer = first('saga', 'committed')
  assert.match(judged('saga', transfer, 'rolledBack', moves(transfer, {})), /planned was committed/)
  const standings = [{ id: 'stranger', status: 'committed' }]
  const evidence = { kind: 'saga', transfers: [transfer], standings, moves: [] } as const
  assert.equal(problemsOf({ ...evidence, accepted: new Set() }).length, 1)
  assert.deepEqual(problemsOf({ ...evidence, accepted: new Set([transfer.id]) }), [
    'stranger: nobody asked for it',
    `${transfer.id}: it was accepted, and is not there`,
  ])
})

test('an effect in another account, or of another sum, does not fit', () => {
  const transfer = first('saga', 'committed')
  for (const change of [{ account: 'payee99' }, { amount: 1_000_000 }]) {
    const found = moves(transfer, ALL('action'))
    const books = found[transfer.legs.in.bank]!
    books[0] = { ...books[0]!, ...change }
    assert.match(judged('saga', transfer, 'committed', found), /committed, and there are/)
  }
})

test('the money of a transfer is only moved, in whatever way it ends', () => {
  for (const ops of [['action'], ['action', 'compensate'], ['try', 'confirm'], ['try', 'cancel']]) {
    for (const kind of ['saga', 'tcc', 'message'] as const) {
      for (const transfer of transfersOf(HISTORY, kind, 200)) {
        const all = moves(transfer, ALL(...(ops as Op[]))).flat()
        assert.equal(
          all.reduce((sum, { amount, held }) => sum + amount + held, 0),
          0,
          `${transfer.id} ${ops}`,
        )
      }
    }
  }
})
