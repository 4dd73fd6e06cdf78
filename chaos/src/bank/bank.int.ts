import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { shared } from '../../../tools/services/for-test.ts'
import { type ServiceName, urlVariable } from '../../../tools/services/service.ts'

const MAIN = join(import.meta.dirname, '../main.ts')

interface Outcome {
  readonly code: number | string | null | undefined
  readonly found: Readonly<Record<string, number>>
  readonly stderr: string
}

/** A run of `chaos bank`; `server`: the one that is to be used. */
function bank(args: string, server?: { name: ServiceName; url: string }): Promise<Outcome> {
  const env = { ...process.env, ...(server && { [urlVariable(server.name)]: server.url }) }
  return new Promise((resolve) => {
    const words = [MAIN, 'bank', '--json', ...args.split(' ')]
    execFile(process.execPath, words, { env }, (error, stdout, stderr) => {
      const found = JSON.parse(stdout.trim().split('\n').at(-1) || '{}')
      resolve({ code: error === null ? 0 : error.code, found, stderr })
    })
  })
}

function assertKept({ code, found, stderr }: Outcome, transactions: number): void {
  assert.equal(code, 0, `${JSON.stringify(found)}\n${stderr}`)
  const { committed, rolledBack, stuck, parked, violations, moneyBefore, moneyAfter } = found
  assert.equal(committed! + rolledBack!, transactions)
  assert.deepEqual({ stuck, parked, violations }, { stuck: 0, parked: 0, violations: 0 })
  assert.equal(moneyAfter, moneyBefore)
}

test('messages on SQLite: killed three times, no money lost or made', async () => {
  const outcome = await bank(
    '--kind message --store sqlite --transactions 100 --kills 3 --lease 3000',
  )
  assertKept(outcome, 100)
  assert.equal(outcome.found.kills, 3)
})

for (const [kind, name] of [
  ['saga', 'postgres'],
  ['tcc', 'mariadb'],
] as const) {
  test(`${kind} on ${name}: coordinators killed and paused are taken over from`, async (t) => {
    const url = await shared(t, name)
    if (!url) return
    const words = `--kind ${kind} --store ${name} --transactions 100 --kills 3`
    const outcome = await bank(`${words} --coordinators 2 --lease 3000`, { name, url })
    assertKept(outcome, 100)
    assert.deepEqual([outcome.found.kills, outcome.found.pauses], [3, 1])
  })
}

test('without a barrier in one bank it is found that money was made or lost', async () => {
  const words = '--kind saga --store sqlite --transactions 100 --kills 0 --without-barrier 1'
  const { code, found, stderr } = await bank(words)
  assert.equal(code, 1)
  assert.ok(found.violations! > 0, JSON.stringify(found))
  assert.match(stderr, /bank 1: .* took effect [23] times/)
})
