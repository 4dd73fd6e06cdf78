// A saga's parts: a query, steps at the same time, a saga in a saga, somebody else's work.
import { createHufu, fail, later, type Participant, saga } from 'hufu'
import { type SqliteTx, sqlite } from 'hufu/stores/sqlite'
import { embedded } from 'hufu/transports/embedded'
import { z } from 'zod'

const store = sqlite('travel.db', {
  setUp: (db) => db.exec('CREATE TABLE IF NOT EXISTS trips (id TEXT PRIMARY KEY, city TEXT)'),
})
const hufu = createHufu({ service: 'travel', store, transport: embedded('broker') })
const Trip = z.object({ city: z.string(), nights: z.int() })
const Stay = z.object({ city: z.string() })
const givenBack: string[] = []
const book = (what: string) => ({
  do: (_tx: unknown, { city }: { city: string }) => `${what} in ${city}`,
  undo: (_tx: unknown, _input: unknown, booked: string) => void givenBack.push(booked),
})

// A saga without pivot may be part of another one.
const empty = saga<SqliteTx, typeof Stay>('stay', Stay)
const stay = empty.step('room', book('room')).step('breakfast', book('breakfast')).build()

// Somebody else, without our barrier: he is given the key of the call.
const bank: Participant<z.infer<typeof Trip>, { receipt: string }> = {
  kind: 'bank',
  async call({ id, branch, op, attempt, input }) {
    if (attempt === 1) throw later('20ms') // it is working on it
    if (input.nights > 9) throw fail('NO_MONEY')
    return { receipt: `${id}/${branch}/${op}` }
  },
}

const bookTrip = hufu.saga(
  'book-trip',
  Trip,
  (trip) =>
    trip
      .query('weather', { do: (_tx, { city }) => (city === 'Bergen' ? 'rain' : 'sun') })
      .parallel((group) =>
        group
          .step('flight', book('flight'))
          .step('train', { ...book('train'), after: ['flight'], timeout: '3s' })
          .nested('stay', stay, ({ city }) => ({ city })),
      )
      .pivot('pay', { do: bank })
      .retry('tickets', { do: (_tx, _trip, { results }) => results.stay.room }),
  { deadline: '1m', timeout: '5s', retry: { max: 3, first: '100ms' } },
)

await hufu.start()
await store.transaction(async (tx) => {
  tx.run('INSERT INTO trips VALUES (?, ?)', 't1', 'Bergen')
  await bookTrip.start(tx, { city: 'Bergen', nights: 3 }, { id: 't1' })
})
console.log((await bookTrip.outcome('t1', { wait: '15s' })).results)
await bookTrip.begin({ city: 'Lisbon', nights: 10 }, { id: 't2', key: 'ann' })
console.log('t2', (await bookTrip.outcome('t2', { wait: '15s' })).status, givenBack.sort())
await hufu.stop()

// Output:
// {
//   weather: 'rain',
//   flight: 'flight in Bergen',
//   stay: { room: 'room in Bergen', breakfast: 'breakfast in Bergen' },
//   train: 'train in Bergen',
//   pay: { receipt: 't1/pay/action' },
//   tickets: 'room in Bergen'
// }
// t2 rolledBack [
//   'breakfast in Lisbon',
//   'flight in Lisbon',
//   'room in Lisbon',
//   'train in Lisbon'
// ]
