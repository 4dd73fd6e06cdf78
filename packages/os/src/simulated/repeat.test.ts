import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { liveThrough } from './repeat.fixture.ts'

test('the same seed gives the same trace, line for line', async () => {
  for (let seed = 0; seed < 10; seed++) {
    const [one, other]: [string[], string[]] = [[], []]
    const first = await liveThrough(seed, (line) => one.push(line))
    const second = await liveThrough(seed, (line) => other.push(line))
    assert.deepEqual(one, other)
    assert.equal(first, second)
    assert.ok(one.length > 100, `${one.length} lines`)
  }
})

test('another seed gives another trace', async () => {
  const hashes = new Set<string>()
  for (let seed = 0; seed < 50; seed++) hashes.add(await liveThrough(seed))
  assert.equal(hashes.size, 50)
})

test('two real processes give the same trace', async () => {
  const script = fileURLToPath(new URL('./repeat.fixture.ts', import.meta.url))
  const code = `import { liveThrough } from ${JSON.stringify(script)}
    console.log(await liveThrough(11))`
  const child = spawnSync(process.execPath, ['--input-type=module', '-e', code])
  assert.equal(child.stdout.toString().trim(), await liveThrough(11), child.stderr.toString())
})

test('real time and real work between the events change nothing', async () => {
  const quiet = await liveThrough(12)
  const busy = setInterval(() => {}, 0)
  const disturbed = await liveThrough(12)
  clearInterval(busy)
  assert.equal(disturbed, quiet)
})
