import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'

const MAIN = join(import.meta.dirname, '../main.ts')

function amqp(...args: string[]): Promise<{ trials: number; broken: number; told: number }> {
  return new Promise((resolve, reject) => {
    const all = [MAIN, 'amqp', ...args, '--json']
    execFile(process.execPath, all, (error, stdout, stderr) => {
      if (stdout === '') return reject(new Error(stderr, { cause: error }))
      resolve(JSON.parse(stdout.trim().split('\n').at(-1)!))
    })
  })
}

test('a server killed at a tx.commit has all of the transaction, or nothing', async () => {
  const { trials, broken } = await amqp('--what', 'tx', '--trials', '12')
  assert.deepEqual([trials, broken], [12, 0])
})

test('no message is missing that a killed server has confirmed', async () => {
  const { trials, broken, told } = await amqp('--what', 'confirms', '--trials', '8')
  assert.deepEqual([trials, broken], [8, 0])
  assert.ok(told > 0)
})
