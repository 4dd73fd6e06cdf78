import assert from 'node:assert/strict'
import { it } from 'node:test'
import { type FakeTx, remote, shape } from './builder.fixture.ts'
import { message } from './message-builder.ts'
import { saga } from './saga-builder.ts'
import { tcc } from './tcc-builder.ts'

/*
 * What must not compile. The compiler complains here when one of these does: `@ts-expect-error`
 * wants an error. Nothing of it runs.
 */

interface Order {
  readonly sku: string
}

const Input = shape<Order>()

const define = () => saga<FakeTx, typeof Input>('order', Input)

const reserve = { do: () => ({ id: 7 }), undo: () => undefined }

const one = { do: () => 1 }

const tail = () => define().pivot('p', one)

const notRun: (() => unknown)[] = [
  // A step after the pivot.
  // @ts-expect-error
  () => tail().step('s', reserve),
  // @ts-expect-error
  () => tail().pivot('q', one),
  // @ts-expect-error
  () => define().retry('t', one).query('q', one),
  // @ts-expect-error
  () => tail().parallel((group) => group.step('s', reserve)),
  // An undo after the pivot, or of a query.
  // @ts-expect-error
  () => define().retry('t', { do: () => 1, undo: () => 1 }),
  // @ts-expect-error
  () => define().query('q', { do: () => 1, undo: () => 1 }),

  // A missing undo before it.
  // @ts-expect-error
  () => define().step('s', { do: () => 1 }),
  // @ts-expect-error
  () => define().parallel((group) => group.step('s', { do: () => 1 })),

  // A wrong argument of undo.
  () =>
    define().step('s', {
      do: async () => ({ id: 7 }),
      // @ts-expect-error
      undo: (_tx, _input, result) => result.name,
    }),
  () =>
    define().step('s', {
      // @ts-expect-error
      do: () => ({ id: 7 }),
      undo: (_tx: FakeTx, _input: Order, _result: string) => undefined,
    }),

  // Results of nobody, of a later one, of one that it does not come after, or of a wrong type.
  // @ts-expect-error
  () => define().step('s', { do: (_tx, _input, ctx) => ctx.results.nobody, undo: () => 1 }),
  () =>
    define()
      // @ts-expect-error
      .query('q', { do: (_tx, _input, ctx) => ctx.results.reserve })
      .step('reserve', reserve),
  () =>
    define()
      .step('reserve', reserve)
      // @ts-expect-error
      .query('q', { after: [], do: (_tx, _input, ctx) => ctx.results.reserve }),
  () =>
    define().parallel((group) =>
      group
        .step('reserve', reserve)
        // @ts-expect-error
        .query('q', { do: (_tx, _input, ctx) => ctx.results.reserve }),
    ),
  () =>
    define()
      .step('reserve', reserve)
      // @ts-expect-error
      .pivot('p', { do: (_tx, _input, ctx) => ctx.results.reserve.id.length }),
  // @ts-expect-error
  () => define().step('reserve', { ...reserve, after: ['nobody'] }),

  // A wrong use of the input.
  // @ts-expect-error
  () => define().query('q', { do: (_tx, input) => input.cents }),
  // @ts-expect-error
  () => define().query('q', { do: remote<{ cents: number }, number>(1) }),

  // Nesting what cannot be undone, or with a wrong input.
  // @ts-expect-error
  () => define().nested('n', tail().build(), (order) => order),
  // @ts-expect-error
  () => define().nested('n', define().step('s', reserve).build(), () => ({ cents: 1 })),

  // A branch of TCC without cancel, or with a wrong argument of it.
  // @ts-expect-error
  () => tcc<FakeTx, typeof Input>('t', Input).branch('b', { try: () => 1, confirm: () => 1 }),
  () =>
    tcc<FakeTx, typeof Input>('t', Input).branch('b', {
      try: () => 1,
      // @ts-expect-error
      confirm: (_tx, _input, held) => held.length,
      cancel: () => 1,
    }),
  // A message cannot be undone.
  // @ts-expect-error
  () => message<FakeTx, typeof Input>('m', Input).to('b', { do: () => 1, undo: () => 1 }),
]

it('what is sound compiles, and results have their types', () => {
  const definition = define()
    .step('reserve', reserve)
    .parallel((group) =>
      group
        .query('fraud', { do: remote<Order, boolean>(true) })
        .step('hold', { after: ['reserve', 'fraud'], ...reserve })
        .query('look', { after: ['fraud'], do: (_tx, _in, ctx): boolean => ctx.results.fraud }),
    )
    .pivot('charge', { do: (_tx, _in, { results }) => [results.reserve.id, results.look] as const })
    .parallel((tail) => tail.retry('ship', { do: (_tx, _in, ctx) => ctx.results.charge[0] }))
    .build()
  const results = definition.results({ reserve: { id: 7 }, ship: 7 })
  const ship: number = results.ship
  const look: boolean | undefined = results.look
  assert.deepEqual([ship, look], [7, undefined])
  assert.ok(notRun.length > 0)
})
