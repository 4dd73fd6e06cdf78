import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { type ServiceName, urlVariable } from '../../../tools/services/service.ts'

const MAIN = join(import.meta.dirname, '../main.ts')

interface Outcome {
  readonly code: number | string | null | undefined
  readonly found: Readonly<Record<string, number>>
  readonly stderr: string
}

/** A run of `chaos bank`; `server`: the one that is to be used. */
export function bank(args: string, server?: { name: ServiceName; url: string }): Promise<Outcome> {
  const env = { ...process.env, ...(server && { [urlVariable(server.name)]: server.url }) }
  return new Promise((resolve) => {
    const words = [MAIN, 'bank', '--json', ...args.split(' ')]
    execFile(process.execPath, words, { env }, (error, stdout, stderr) => {
      const found = JSON.parse(stdout.trim().split('\n').at(-1) || '{}')
      resolve({ code: error === null ? 0 : error.code, found, stderr })
    })
  })
}

export function assertKept({ code, found, stderr }: Outcome, transactions: number): void {
  assert.equal(code, 0, `${JSON.stringify(found)}\n${stderr}`)
  const { committed, rolledBack, stuck, parked, violations, moneyBefore, moneyAfter } = found
  assert.equal(committed! + rolledBack!, transactions)
  assert.deepEqual({ stuck, parked, violations }, { stuck: 0, parked: 0, violations: 0 })
  assert.equal(moneyAfter, moneyBefore)
}
