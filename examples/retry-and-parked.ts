// The SMS provider is down: three tries, then the message is parked until a person decides.
import { createHufu } from 'hufu'
import { sqlite } from 'hufu/stores/sqlite'
import { embedded } from 'hufu/transports/embedded'
import { z } from 'zod'

const parked = Promise.withResolvers<number>()
const store = sqlite('sms.db')
const hufu = createHufu({
  service: 'sms',
  store,
  transport: embedded('broker'),
  onAlert: ({ cause, detail, ref }) => {
    console.log('alert:', cause, '-', detail)
    parked.resolve(ref)
  },
})
const Sms = z.object({ to: z.string(), text: z.string() })
const SmsWanted = hufu.event('sms.wanted', Sms, { groups: ['sms'] })

let providerIsUp = false
const sent = Promise.withResolvers<void>()
SmsWanted.consume(
  'sms',
  (_tx, sms, ctx) => {
    console.log('try', ctx.attempt)
    if (!providerIsUp) throw new Error('provider is down')
    return { sentTo: sms.to }
  },
  { retry: { max: 3, backoff: ['10ms', '1s'] } },
)
SmsWanted.onReceipt('sms', (_tx, receipt) => {
  console.log('receipt:', receipt.outcome, receipt.outcome === 'done' ? receipt.result : '')
  sent.resolve()
})

await hufu.start()
await store.transaction((tx) => SmsWanted.publish(tx, { to: '+86', text: 'hi' }, { id: 's1' }))
const ref = await parked.promise
const [item] = await hufu.parked.list()
console.log('parked:', item?.event, item?.id, 'after', item?.attempts, 'attempts')
providerIsUp = true
await hufu.parked.retry(ref, { reason: 'provider is back', by: 'li' })
await sent.promise
console.log(
  'audit:',
  (await hufu.audit.list()).map((entry) => `${entry.action} by ${entry.by}`),
)
await hufu.stop()

// Output:
// try 1
// try 2
// try 3
// alert: EXHAUSTED - provider is down
// parked: sms.wanted s1 after 3 attempts
// try 4
// receipt: done { sentTo: '+86' }
// audit: [ 'parked.retry by li' ]
