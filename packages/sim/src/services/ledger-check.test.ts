import assert from 'node:assert/strict'
import { it } from 'node:test'
import { Database } from '../store/database.ts'
import type { Row } from '../store/tx.ts'
import { Findings } from '../world/findings.ts'
import { checkClosedBooks, checkKeys } from './ledger-check.ts'
import { GROUPS } from './orders.ts'

/** Two databases after some orders went well; a test then spoils them. */
async function books() {
  const shop = new Database('shop', () => 0)
  const ledger = new Database('ledger', () => 0)
  const put = async (database: Database, table: string, key: string, row: object) => {
    const tx = database.begin()
    await tx.put(table, key, row as Row)
    database.commit(tx)
  }
  const drop = (database: Database, table: string, key: string) => {
    assert.ok(database.table(table).delete(key))
  }
  for (const id of ['o1', 'o2']) {
    const order = { id, key: 'k', delayed: false, half: false, order: 0 }
    await put(shop, 'orders', id, order)
    await put(shop, 'outbox', `placed/${id}`, { event: 'placed', id, order: 0 })
    for (const group of GROUPS) {
      const name = `${group}/${id}`
      await put(ledger, 'effects', name, { id, group, run: 1, order: 0 })
      await put(ledger, 'journal', `placed/${name}`, { id, group, outcome: 'done' })
      await put(shop, 'answers', name, { id, group, outcome: 'done', run: 1, order: 0 })
    }
  }
  const check = () => {
    const findings = new Findings()
    checkClosedBooks({ shop, ledger }, findings)
    checkKeys({ shop, ledger }, false, findings)
    return [...new Set(findings.all.map(({ rule }) => rule))]
  }
  return { shop, ledger, put, drop, check }
}

it('books that agree break no rule', async () => {
  assert.deepEqual((await books()).check(), [])
})

const SPOILT: Record<string, (b: Awaited<ReturnType<typeof books>>) => Promise<void> | void> = {
  'an order and its outbox row: both or neither': ({ shop, drop }) => {
    drop(shop, 'outbox', 'placed/o1')
  },
  'an effect happens once': ({ ledger, put }) => {
    return put(ledger, 'effects', 'again', { id: 'o1', group: 'sms', run: 2, order: 0 })
  },
  'an answer is taken once': ({ shop, put }) => {
    return put(shop, 'answers', 'again', { id: 'o1', group: 'sms', outcome: 'done', run: 2 })
  },
  'no effect without an order': ({ ledger, put }) => {
    return put(ledger, 'effects', 'sms/o9', { id: 'o9', group: 'sms', run: 1, order: 0 })
  },
  'every order reaches every group': ({ ledger, shop, drop }) => {
    drop(ledger, 'journal', 'placed/sms/o1')
    drop(ledger, 'effects', 'sms/o1')
    drop(shop, 'answers', 'sms/o1')
  },
  'journal and effects agree': ({ ledger, drop }) => drop(ledger, 'effects', 'sms/o1'),
  'every answer reaches the shop': ({ shop, drop }) => drop(shop, 'answers', 'sms/o1'),
  'effects follow the key': async ({ ledger, put, drop }) => {
    drop(ledger, 'effects', 'points/o1')
    await put(ledger, 'effects', 'points/o1', { id: 'o1', group: 'points', run: 3, order: 0 })
  },
}

for (const [rule, spoil] of Object.entries(SPOILT)) {
  it(`finds: ${rule}`, async () => {
    const spoilt = await books()
    await spoil(spoilt)
    assert.deepEqual(spoilt.check(), [rule])
  })
}
