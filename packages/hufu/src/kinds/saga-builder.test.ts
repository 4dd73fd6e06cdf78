import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type FakeTx, remote, run, schemaOf, shape } from './builder.fixture.ts'
import { saga } from './saga-builder.ts'

interface Order {
  readonly sku: string
  readonly cents: number
}

const Input = shape<Order>()

const define = (name = 'order') => saga<FakeTx, typeof Input>(name, Input)

const step = { do: () => 1, undo: () => undefined }

function orderOf(definition: {
  readonly plan: {
    readonly steps: readonly { name: string; kind: string; after: readonly string[] }[]
  }
}) {
  return definition.plan.steps.map(({ name, kind, after }) => {
    return `${kind} ${name} < ${after.join(' ')}`.trim()
  })
}

const placeOrder = () =>
  define()
    .step('reserve', {
      do: async (tx, input) => {
        tx.log.push(`reserve ${input.sku}`)
        return { id: 7 }
      },
      undo: (tx, input, reserved) => tx.log.push(`release ${reserved.id} of ${input.sku}`),
    })
    .query('fraud', { do: (_tx, input) => input.cents > 100 })
    .pivot('charge', { do: (_tx, _input, ctx) => `paid for ${ctx.results.reserve.id}` })
    .retry('ship', { do: (tx, _input, ctx) => tx.log.push(ctx.results.charge) })
    .build()

describe('saga builder, plan', () => {
  it('puts the steps one after another', () => {
    const expected = ['step reserve <', 'query fraud < reserve']
    expected.push('pivot charge < fraud', 'retry ship < charge')
    assert.deepEqual(orderOf(placeOrder()), expected)
  })

  it('puts a group at the same time, after all before and before all that follows', () => {
    const definition = define()
      .step('a', step)
      .parallel((group) => group.step('b', step).query('c', { do: () => 1 }))
      .step('d', step)
      .build()
    const expected = ['step a <', 'step b < a', 'query c < a', 'step d < b c']
    assert.deepEqual(orderOf(definition), expected)
  })

  it('takes `after` for its word; what follows without one comes after all', () => {
    const definition = define()
      .step('a', step)
      .step('b', { ...step, after: [] })
      .step('c', { ...step, after: ['a'] })
      .retry('d', { do: () => 1 })
      .parallel((tail) =>
        tail.retry('e', { do: () => 1 }).retry('f', { do: () => 1, after: ['e'] }),
      )
      .build()
    const expected = ['step a <', 'step b <', 'step c < a', 'retry d < b c', 'retry e < d']
    assert.deepEqual(orderOf(definition), [...expected, 'retry f < e'])
  })

  it('has the defaults that the options say, and takes others', () => {
    const { plan, branches } = define().step('a', step).build()
    const retry = { max: 10, firstMs: 200, capMs: 60_000 }
    assert.deepEqual(plan.steps[0]!.retry, retry)
    assert.deepEqual(plan.steps[0]!.undoRetry, { ...retry, max: 60 })
    assert.equal(plan.deadlineMs, null)
    assert.equal(branches.get('a')!.timeoutMs, 10_000)

    const options = {
      deadline: '1m',
      timeout: '2s',
      retry: { max: 3 },
      insist: { cap: '5s' },
    } as const
    const own = { ...step, undoAfter: '1h', timeout: 50, retry: { first: 10 } } as const
    const other = saga<FakeTx, typeof Input>('order', Input, options).step('a', own)
    const { plan: changed, branches: timed } = other.retry('t', { do: () => 1 }).build()
    assert.equal(changed.deadlineMs, 60_000)
    assert.deepEqual(changed.steps[0]!.retry, { max: 3, firstMs: 10, capMs: 60_000 })
    assert.deepEqual(changed.steps[0]!.undoRetry, { max: 60, firstMs: 200, capMs: 5_000 })
    assert.equal(changed.steps[0]!.undoAfterMs, 3_600_000)
    assert.deepEqual(changed.steps[1]!.retry, { max: 60, firstMs: 200, capMs: 5_000 })
    assert.equal(timed.get('a')!.timeoutMs, 50)
    assert.equal(timed.get('t')!.timeoutMs, 2_000)
  })

  it('has a hash of names, kinds, order and undoing, but not of times', () => {
    const hash = (build: ReturnType<typeof define>) => build.build().hash
    const plain = hash(define().step('a', step).step('b', step))
    assert.equal(
      hash(
        define()
          .step('a', { ...step, timeout: 5 })
          .step('b', step),
      ),
      plain,
    )
    const others = [
      define().step('b', step).step('a', step),
      define().step('a', step).step('c', step),
      define()
        .step('a', step)
        .query('b', { do: () => 1 }),
      define()
        .step('a', step)
        .step('b', { ...step, after: [] }),
    ]
    assert.equal(new Set([plain, ...others.map(hash)]).size, 5)
  })

  it('gives a new saga with every method', () => {
    const base = define().step('a', step)
    assert.equal(base.step('b', step).build().plan.steps.length, 2)
    assert.equal(base.build().plan.steps.length, 1)
  })

  it('refuses what is no definition', () => {
    const argument = { code: 'ARGUMENT' }
    assert.throws(() => define().build(), argument)
    assert.throws(() => define('no name'), argument)
    assert.throws(() => define().step('__proto__', step), argument)
    assert.throws(() => define().step('a', step).step('a', step), argument)
    assert.throws(() => define().step('a', { ...step, after: ['b'] as never[] }), argument)
    assert.throws(() => define().step('a', { ...step, retry: { max: 0 } }), argument)
    assert.throws(() => define().step('a', { ...step, timeout: 0 }), argument)
    let many = define()
    for (let n = 0; n < 100; n++) many = many.step(`s${n}`, step)
    assert.throws(() => many.step('one.more', step), { code: 'LIMIT' })
  })
})

describe('saga builder, work', () => {
  it('gives input, the result to undo, and what was returned before', async () => {
    const order = { sku: 'pen', cents: 120 }
    const log: string[] = []
    const results = { reserve: { id: 7 }, charge: 'paid' }
    assert.deepEqual(await run(placeOrder(), 'reserve', 'action', { input: order }, log), { id: 7 })
    const undone = { input: order, result: { id: 7 }, results }
    await run(placeOrder(), 'reserve', 'compensate', undone, log)
    await run(placeOrder(), 'ship', 'action', { input: order, results }, log)
    assert.deepEqual(log, ['reserve pen', 'release 7 of pen', 'paid'])
    assert.equal(await run(placeOrder(), 'fraud', 'action', { input: order }), true)
  })

  it('takes a participant where a function may stand', async () => {
    const stock = remote<Order, number>(7)
    const definition = define()
      .step('reserve', { do: stock, undo: stock })
      .pivot('charge', { do: (_tx, _input, ctx) => ctx.results.reserve + 1 })
      .build()
    const input = { sku: 'pen', cents: 1 }
    assert.equal(await run(definition, 'reserve', 'action', { input }), 7)
    assert.deepEqual(stock.asked, [{ branch: 'reserve', op: 'action', input }])
  })
})

describe('saga builder, nested', () => {
  const Parcel = schemaOf<{ grams: number }>((value) => {
    return typeof (value as { grams?: unknown } | null)?.grams === 'number'
  })
  const pack = () =>
    saga<FakeTx, typeof Parcel>('pack', Parcel)
      .step('weigh', {
        do: (_tx, parcel) => parcel.grams * 2,
        undo: (tx, parcel, doubled) => tx.log.push(`unweigh ${parcel.grams} ${doubled}`),
      })
      .step('wrap', { do: (_tx, _parcel, ctx) => ctx.results.weigh + 1, undo: () => undefined })
      .build()
  const definition = () =>
    define()
      .step('reserve', { do: () => ({ grams: 5 }), undo: () => undefined })
      .nested('pack', pack(), (_order, results) => results.reserve)
      .pivot('charge', { do: (_tx, _input, ctx) => ctx.results.pack.wrap + 1 })
      .build()

  it('makes its steps part of this saga', () => {
    const expected = ['step reserve <', 'step pack/weigh < reserve', 'step pack/wrap < pack/weigh']
    assert.deepEqual(orderOf(definition()), [...expected, 'pivot charge < pack/wrap'])
    assert.equal(definition().undoable, false)
    assert.equal(pack().undoable, true)
  })

  it('gives its steps its own input and results, and its results to what follows', async () => {
    const log: string[] = []
    const results = { reserve: { grams: 5 }, 'pack/weigh': 10, 'pack/wrap': 11 }
    assert.equal(await run(definition(), 'pack/weigh', 'action', { results }), 10)
    assert.equal(await run(definition(), 'pack/wrap', 'action', { results }), 11)
    assert.equal(await run(definition(), 'charge', 'action', { results }), 12)
    await run(definition(), 'pack/weigh', 'compensate', { results, result: 10 }, log)
    assert.deepEqual(log, ['unweigh 5 10'])
    const typed: { pack: { wrap: number } } = definition().results(results)
    assert.deepEqual(typed.pack, { weigh: 10, wrap: 11 })
  })

  it('refuses an input that its schema refuses', async () => {
    const results = { reserve: { grams: 'heavy' } }
    const weighing = run(definition(), 'pack/weigh', 'action', { results })
    await assert.rejects(weighing, { code: 'INPUT_INVALID' })
  })

  it('can be nested twice deep, under two names, and in a group', async () => {
    const outer = saga<FakeTx, typeof Parcel>('outer', Parcel)
      .nested('inner', pack(), (parcel) => parcel)
      .build()
    const twice = define()
      .parallel((group) =>
        group
          .nested('one', outer, () => ({ grams: 1 }))
          .nested('two', outer, (order) => ({ grams: order.cents })),
      )
      .step('after', { do: (_tx, _in, ctx) => ctx.results.two.inner.wrap, undo: () => undefined })
      .build()
    const expected = ['step one/inner/weigh <', 'step one/inner/wrap < one/inner/weigh']
    expected.push('step two/inner/weigh <', 'step two/inner/wrap < two/inner/weigh')
    assert.deepEqual(orderOf(twice), [...expected, 'step after < one/inner/wrap two/inner/wrap'])
    const input = { sku: 'pen', cents: 4 }
    assert.equal(await run(twice, 'two/inner/weigh', 'action', { input }), 8)
    const results = { 'one/inner/weigh': 2, 'two/inner/weigh': 8, 'two/inner/wrap': 9 }
    assert.equal(await run(twice, 'two/inner/wrap', 'action', { input, results }), 9)
    assert.equal(await run(twice, 'after', 'action', { input, results }), 9)
  })

  it('cannot nest what has a pivot', () => {
    const pivotal = define('inner')
      .pivot('p', { do: () => 1 })
      .build()
    const nest = () => define().nested('x', pivotal as never, (order) => order as never)
    assert.throws(nest, { code: 'ARGUMENT' })
  })
})
