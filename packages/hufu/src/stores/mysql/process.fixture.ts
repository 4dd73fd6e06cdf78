import { nodeOs } from '@hufu/os'
import { outboxRow } from '../../testing/rows.ts'
import { mysql } from './index.ts'

/**
 * A process to be killed: `node process.fixture.ts URL NAME`. It opens the store, claims as a relay
 * for a short time, then stores messages for ever, and prints each one that was committed.
 */
const [url = '', name = ''] = process.argv.slice(2)
const store = mysql(url)
await store.open(nodeOs)
await store.transaction((tx) => store.outbox.insert(tx, outboxRow(`${name} first`)))
const claim = await store.outbox.claim({ relay: name, limit: 1, leaseMs: 1_000 })
process.stdout.write(`${claim ? 'claimed' : 'refused'}\n`)

for (let n = 0; ; n++) {
  await Promise.all(
    [...Array(5).keys()].map(async (m) => {
      const id = `${name} ${n} ${m}`
      await store.transaction((tx) => store.outbox.insert(tx, outboxRow(id)))
      process.stdout.write(`${id}\n`)
    }),
  )
}
