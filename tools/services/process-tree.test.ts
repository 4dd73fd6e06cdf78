import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { descendants, killTree, untilGone } from './process-tree.ts'

test('a killed tree takes children in sessions of their own with it', async () => {
  const code = `require('node:child_process').spawn('sleep', ['600'], { detached: true })
    console.log('started')`
  const top = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(top.stdout, 'data')
  const [child] = descendants(top.pid!)
  assert.ok(child)
  assert.equal(await untilGone([child], 0), false)
  assert.deepEqual(killTree(top.pid!), [top.pid, child])
  assert.ok(await untilGone([top.pid!, child], 10_000))
})
