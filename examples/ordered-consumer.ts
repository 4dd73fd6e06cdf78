// Each account's movements in order, the accounts in parallel, at most 50 a second.
import { createHufu } from 'hufu'
import { sqlite } from 'hufu/stores/sqlite'
import { embedded } from 'hufu/transports/embedded'
import { z } from 'zod'

const store = sqlite('ledger.db')
const hufu = createHufu({ service: 'ledger', store, transport: embedded('broker') })
const Movement = z.object({ account: z.string(), step: z.int() })
const Moved = hufu.event('moved', Movement, { groups: ['ledger'], receipts: false })

const seen = new Map<string, number[]>()
const all = Promise.withResolvers<void>()
let left = 12
const started = performance.now()
const consumer = Moved.consume(
  'ledger',
  (tx, { account, step }, ctx) => {
    // The first delivery of this one fails: only its own account waits for the retry.
    if (account === 'b' && step === 2 && ctx.attempt === 1) throw new Error('not now')
    tx.run('INSERT INTO movements VALUES (?, ?)', account, step)
    seen.set(account, [...(seen.get(account) ?? []), step])
    left -= 1
    if (left === 0) all.resolve()
  },
  { order: 'by-key', rate: '50/s', retry: { backoff: ['20ms', '1s'] } },
)

await hufu.start()
await store.transaction(async (tx) => {
  tx.run('CREATE TABLE movements (account TEXT, step INTEGER)')
  for (let step = 1; step <= 4; step++) {
    for (const account of ['a', 'b', 'c']) {
      const id = `${account}-${step}`
      await Moved.publish(tx, { account, step }, { id, key: account })
    }
  }
})
await all.promise
const seconds = (performance.now() - started) / 1_000
for (const account of ['a', 'b', 'c']) console.log(account, seen.get(account))
console.log('not faster than 50 a second:', 12 / seconds <= 50 * 1.2)
consumer.setRate('1000/s') // any time, while it runs
await hufu.stop()

// Output:
// a [ 1, 2, 3, 4 ]
// b [ 1, 2, 3, 4 ]
// c [ 1, 2, 3, 4 ]
// not faster than 50 a second: true
