import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import { it } from 'node:test'

const ORDERS = 3_000
const KILLS = 6
/** A run that is not killed ends long before, ms. */
const PATIENCE_MS = 180_000

const PROGRAM = join(import.meta.dirname, 'crash.fixture.ts')

interface Row {
  id: string
  value: string
}

/** Runs the program; kills it `killAfterMs` after it is ready. Its last line. */
async function run(dir: string, killAfterMs: number | undefined): Promise<string> {
  const stdio = ['ignore', 'pipe', 'inherit'] as const
  const child = spawn(process.execPath, [PROGRAM, dir, String(ORDERS)], { stdio: [...stdio] })
  const exited = once(child, 'exit')
  const patience = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS)
  let last = ''
  for await (const line of createInterface({ input: child.stdout! })) {
    last = line
    if (line === 'ready' && killAfterMs !== undefined) {
      setTimeout(() => child.kill('SIGKILL'), killAfterMs)
    }
  }
  await exited
  clearTimeout(patience)
  return last
}

function rows(dir: string, service: string, where = '1'): Row[] {
  const db = new DatabaseSync(join(dir, `${service}.db`))
  const found = db.prepare(`SELECT id, value FROM effects WHERE ${where} ORDER BY n`).all()
  db.close()
  return found as unknown as Row[]
}

function byKey(found: Row[], key: (row: Row) => string): Map<string, string[]> {
  const keys = new Map<string, string[]>()
  for (const row of found) keys.set(key(row), [...(keys.get(key(row)) ?? []), row.id])
  return keys
}

it('kill -9 at any instant: nothing lost or doubled, keys in order, all answered', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'hufu-crash-'))
  for (let kills = 0; kills < KILLS; kills++) await run(dir, 20 + kills * 45)
  assert.equal(await run(dir, undefined), 'finished')
  const orders = rows(dir, 'orders', "value = 'order'")
  assert.equal(orders.length, ORDERS)
  const committed = byKey(orders, ({ id }) => `k${Number(id) % 7}`)
  for (const service of ['points', 'sms']) {
    const effects = rows(dir, service)
    assert.equal(effects.length, ORDERS, `${service}: one effect for each order`)
    assert.deepEqual(
      byKey(effects, ({ value }) => value),
      committed,
      `${service}: in order`,
    )
    const receipts = rows(dir, 'orders', `value = '${service}'`)
    assert.equal(new Set(receipts.map(({ id }) => id)).size, ORDERS)
    assert.equal(receipts.length, ORDERS, `${service}: each receipt handled once`)
  }
  await rm(dir, { recursive: true })
})
