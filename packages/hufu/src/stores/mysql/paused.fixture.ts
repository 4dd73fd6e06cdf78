import { nodeOs } from '@hufu/os'
import { outboxRow } from '../../testing/rows.ts'
import { mysql } from './index.ts'

/** A process to be paused in a transaction: `node paused.fixture.ts URL`. */
const [url = ''] = process.argv.slice(2)
const store = mysql(url, { limits: { transactionMs: 1_000 } })
await store.open(nodeOs)
await store.transaction(async (tx) => {
  await store.outbox.insert(tx, outboxRow('1'))
  process.stdout.write('inside\n')
  await new Promise((resolve) => setTimeout(resolve, 900))
})
