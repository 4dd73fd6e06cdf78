import { nodeOs } from '@hufu/os'
import { outboxRow } from '../../testing/rows.ts'
import { postgres } from './index.ts'

/**
 * A process to be killed or paused: `node process.fixture.ts URL NAME`. It takes the relay's claim
 * for a second if it can, then stores messages for ever, and prints each one that was committed.
 * With the name `holder` it goes through one barrier instead and keeps that transaction open, for
 * at most 100 ms, then prints what became of it.
 */
const [url = '', name = ''] = process.argv.slice(2)
const store = postgres(url)
await store.open(nodeOs)
const say = (line: string) => process.stdout.write(`${line}\n`)

if (name === 'holder') await hold()
await store.transaction((tx) => store.outbox.insert(tx, outboxRow(`${name} first`)))
const claim = await store.outbox.claim({ relay: name, limit: 1, leaseMs: 1_000 })
say(claim ? 'claimed' : 'refused')

for (let n = 0; ; n++) {
  await Promise.all(
    [...Array(5).keys()].map(async (m) => {
      const id = `${name} ${n} ${m}`
      await store.transaction((tx) => store.outbox.insert(tx, outboxRow(id)))
      say(id)
    }),
  )
}

async function hold(): Promise<never> {
  const key = { kind: 'tcc', gid: 'g', branch: '01', op: 'try', barrier: '01' } as const
  const holding = store.transaction(
    async (tx) => {
      say(await store.barrier.enter(tx, key))
      await new Promise(() => {})
    },
    { timeoutMs: 100 },
  )
  say(await holding.then(String, (error) => error.code))
  await store.close()
  process.exit()
}
