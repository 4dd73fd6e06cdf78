import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type FakeTx, remote, run, shape } from './builder.fixture.ts'
import { message } from './message-builder.ts'
import { tcc } from './tcc-builder.ts'

interface Transfer {
  readonly cents: number
}

const Input = shape<Transfer>()

const input = { cents: 5 }

const accounts = () =>
  tcc<FakeTx, typeof Input>('transfer', Input, { deadline: '30s', insist: { max: 7 } })
    .branch('out', {
      try: (tx, { cents }) => {
        tx.log.push(`hold ${cents}`)
        return { held: cents }
      },
      confirm: (tx, _input, { held }) => tx.log.push(`take ${held}`),
      cancel: (tx, _input, { held }) => tx.log.push(`free ${held}`),
    })
    .branch('in', {
      after: ['out'],
      retry: { max: 2 },
      try: (_tx, _input, ctx) => ctx.results.out.held,
      confirm: remote('credited'),
      cancel: remote('nothing'),
    })
    .build()

describe('tcc builder', () => {
  it('makes the plan', () => {
    const { plan, kind, name } = accounts()
    assert.deepEqual([kind, name, plan.deadlineMs], ['tcc', 'transfer', 30_000])
    const order = plan.branches.map(({ name, after }) => [name, after])
    const expected = [
      ['out', []],
      ['in', ['out']],
    ]
    assert.deepEqual(order, expected)
    const attempts = plan.branches.map(({ retry, insist }) => [retry.max, insist.max])
    const times = [
      [10, 7],
      [2, 7],
    ]
    assert.deepEqual(attempts, times)
  })

  it('gives confirm and cancel what try returned', async () => {
    const log: string[] = []
    await run(accounts(), 'out', 'try', { input }, log)
    await run(accounts(), 'out', 'confirm', { input, result: { held: 5 } }, log)
    await run(accounts(), 'out', 'cancel', { input, result: { held: 5 } }, log)
    assert.deepEqual(log, ['hold 5', 'take 5', 'free 5'])
    const results = { out: { held: 5 } }
    assert.equal(await run(accounts(), 'in', 'try', { input, results }), 5)
    assert.equal(await run(accounts(), 'in', 'confirm', { input }), 'credited')
  })

  it('has a hash of names and order', () => {
    const branch = { try: () => 1, confirm: () => 1, cancel: () => 1 }
    const begin = () => tcc<FakeTx, typeof Input>('t', Input).branch('a', branch)
    const hashes = [
      begin().build().hash,
      begin().branch('b', branch).build().hash,
      begin()
        .branch('b', { ...branch, after: ['a'] })
        .build().hash,
    ]
    assert.equal(new Set(hashes).size, 3)
    const slow = { ...branch, timeout: '1m' } as const
    assert.equal(begin().branch('b', slow).build().hash, hashes[1])
  })

  it('refuses what is no definition', () => {
    const begin = () => tcc<FakeTx, typeof Input>('t', Input)
    const branch = { try: () => 1, confirm: () => 1, cancel: () => 1 }
    assert.throws(() => begin().build(), { code: 'ARGUMENT' })
    assert.throws(() => begin().branch('a', branch).branch('a', branch), { code: 'ARGUMENT' })
    assert.throws(() => begin().branch('a', { ...branch, after: ['b'] as never[] }), {
      code: 'ARGUMENT',
    })
  })
})

const credit = () =>
  message<FakeTx, typeof Input>('credit', Input, { check: { max: 3 } })
    .to('points', { do: (_tx, { cents }) => cents * 2 })
    .to('coupon', { do: (_tx, _input, ctx) => ctx.results.points + 1, retry: { max: 4 } })
    .to('sms', { do: remote('sent'), after: [] })
    .build()

describe('message builder', () => {
  it('makes the plan, one branch after another unless it says otherwise', () => {
    const { plan, kind } = credit()
    const { branches, ...check } = plan
    assert.equal(kind, 'msg')
    assert.deepEqual(check, { checkAfterMs: 6_000, checkEveryMs: 30_000, askMax: 3 })
    const order = branches.map(({ name, after, retry }) => [name, after, retry.max])
    const expected = [
      ['points', [], 60],
      ['coupon', ['points'], 4],
      ['sms', [], 60],
    ]
    assert.deepEqual(order, expected)
  })

  it('gives the results of the branches before', async () => {
    assert.equal(await run(credit(), 'points', 'action', { input }), 10)
    assert.equal(await run(credit(), 'coupon', 'action', { input, results: { points: 10 } }), 11)
    assert.equal(await run(credit(), 'sms', 'action', { input }), 'sent')
  })

  it('refuses what is no definition', () => {
    const begin = () => message<FakeTx, typeof Input>('m', Input)
    assert.throws(() => begin().build(), { code: 'ARGUMENT' })
    const never = { check: { max: 0 } }
    assert.throws(() => message<FakeTx, typeof Input>('m', Input, never), { code: 'ARGUMENT' })
  })
})
