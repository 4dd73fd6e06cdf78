import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { nodeOs } from '@hufu/os'
import { fail } from '../outcome.ts'
import type { ParticipantRequest } from '../ports/participant.ts'
import type { SqliteStore, SqliteTx } from '../stores/sqlite/index.ts'
import { sqlite } from '../stores/sqlite/index.ts'
import type { ParticipantHandlerOptions, SagaWorks, TccWorks } from './index.ts'
import { participantHandler } from './index.ts'

export interface Line {
  sku: string
  count: number
}

/** Units of `apple` in stock when the world begins. */
export const APPLES = 5_000

/** A store with stock in it, for one test. */
export async function stockStore(t: TestContext): Promise<SqliteStore> {
  const dir = await mkdtemp(join(tmpdir(), 'hufu-http-'))
  const store = sqlite(join(dir, 'stock.db'), {
    setUp(db) {
      db.exec('CREATE TABLE stock (sku TEXT PRIMARY KEY, count INTEGER)')
      db.exec('CREATE TABLE seen (op TEXT, result TEXT)')
      db.exec(`INSERT INTO stock VALUES ('apple', ${APPLES})`)
    },
  })
  await store.open(nodeOs)
  t.after(async () => {
    await store.close()
    await rm(dir, { recursive: true })
  })
  return store
}

/** Takes units out of stock, or puts them back, and returns what it did. */
export const reserving: SagaWorks<SqliteTx> = {
  action(tx, { sku, count }: Line, { id }) {
    const { changes } = tx.run(
      'UPDATE stock SET count = count - ?1 WHERE sku = ?2 AND count >= ?1',
      count,
      sku,
    )
    if (changes === 0) throw fail('NO_STOCK', `fewer than ${count} of ${sku}`, { sku })
    return { reserved: count, for: id }
  },
  compensate(tx, { sku }: Line, result: { reserved: number }) {
    tx.run('UPDATE stock SET count = count + ? WHERE sku = ?', result.reserved, sku)
    tx.run('INSERT INTO seen VALUES (?, ?)', 'compensate', JSON.stringify(result))
  },
}

/** Writes down what it was asked to do, and with what. */
export const noting: TccWorks<SqliteTx> = {
  try: (tx, _input, ctx) => note(tx, ctx.op, 'tried'),
  confirm: (tx, _input, result, ctx) => note(tx, ctx.op, result),
  cancel: (tx, _input, result, ctx) => note(tx, ctx.op, result),
}

function note(tx: SqliteTx, op: string, result: unknown): unknown {
  tx.run('INSERT INTO seen VALUES (?, ?)', op, JSON.stringify(result ?? null))
  return result
}

export async function stockHandler(
  t: TestContext,
  options: ParticipantHandlerOptions = {},
  more: Record<string, SagaWorks<SqliteTx>> = {},
) {
  const store = await stockStore(t)
  const warnings: string[] = []
  const handler = participantHandler(
    store,
    { stock: reserving, note: noting, ...more },
    { onWarning: (text) => warnings.push(text), ...options },
  )
  return { store, handler, warnings }
}

export async function apples(store: SqliteStore): Promise<number> {
  const sql = "SELECT count FROM stock WHERE sku = 'apple'"
  return (await store.transaction((tx) => tx.get<{ count: number }>(sql)))!.count
}

export async function seen(store: SqliteStore): Promise<string[]> {
  const rows = await store.transaction((tx) =>
    tx.all<{ op: string; result: string }>('SELECT op, result FROM seen ORDER BY rowid'),
  )
  return rows.map(({ op, result }) => `${op} ${result}`)
}

/** A request of a coordinator. */
export function asked(change: Partial<ParticipantRequest> = {}): ParticipantRequest {
  return {
    id: 'g1',
    kind: 'saga',
    name: 'place-order',
    branch: 'reserve',
    op: 'action',
    attempt: 1,
    input: { sku: 'apple', count: 2 } satisfies Line,
    result: undefined,
    results: {},
    headers: {},
    signal: new AbortController().signal,
    ...change,
  }
}
