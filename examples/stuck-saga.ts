// What Hufu cannot settle by itself waits for a person: listed, explained, decided, audited.
import { createHufu } from 'hufu'
import { sqlite } from 'hufu/stores/sqlite'
import { embedded } from 'hufu/transports/embedded'
import { z } from 'zod'

const store = sqlite('shop.db')
const hufu = createHufu({
  ...{ service: 'shop', store, transport: embedded('broker') },
  onAlert: ({ event, id, cause, detail }) => console.log('alert:', event, id, cause, '-', detail),
})
let carrierIsUp = false
let bankAnswers = false
const Order = z.object({ cents: z.int() })
const ship = hufu.saga(
  'ship',
  Order,
  (order) =>
    order
      .pivot('charge', {
        do() {
          if (!bankAnswers) throw new Error('the bank does not answer')
        },
      })
      .retry('parcel', {
        do() {
          if (!carrierIsUp) throw new Error('the carrier is down')
        },
      }),
  // Few and quick, for this example. Defaults: 10 calls of a step, 60 of what must be done.
  { retry: { max: 2, first: '10ms' }, insist: { max: 3, first: '10ms' } },
)

await hufu.start()
const input = { cents: 500 }
console.log('o1', (await ship.run(input, { id: 'o1', key: 'ann' })).status)
bankAnswers = true
console.log('o2', (await ship.run(input, { id: 'o2', key: 'bob' })).status)

for (const { id, status, cause } of await hufu.transactions.list({ name: 'ship' })) {
  console.log(id, status, cause?.branch, cause?.code)
}
const found = await hufu.transactions.explain('o2')
console.log(found?.explanation?.next)

// The bank says on the phone that it never charged o1; the carrier is back; o2 goes on.
await hufu.transactions.resolve('o1', 'rollback', {
  reason: 'not charged, says the bank',
  by: 'li',
})
carrierIsUp = true
await hufu.transactions.retry('o2', { reason: 'the carrier is back', by: 'li' })
for (const id of ['o1', 'o2']) console.log(id, (await ship.outcome(id, { wait: '15s' })).status)
for (const { action, subject, by, reason } of (await hufu.audit.list()).reverse()) {
  console.log(`${action} ${subject} by ${by}: ${reason}`)
}
await hufu.stop()

// Output:
// alert: ship o1 EXHAUSTED - the bank does not answer
// o1 inDoubt
// alert: ship o2 EXHAUSTED - the carrier is down
// o2 parked
// o1 inDoubt charge EXHAUSTED
// o2 parked parcel EXHAUSTED
// waits for a person: action of parcel is exhausted (the carrier is down)
// o1 rolledBack
// o2 committed
// transaction.resolve.rollback ship o1 by li: not charged, says the bank
// transaction.retry ship o2 by li: the carrier is back
