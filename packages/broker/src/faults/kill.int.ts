import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { Broker, Peeked } from '../api.ts'
import { createBroker } from '../engine/open.ts'

const TRIALS = 30
/** On a busy machine there are fewer, but never none. */
const TIME_MS = 12_000
const WRITER = join(import.meta.dirname, 'writer.fixture.ts')

const root = mkdtempSync(join(tmpdir(), 'hufu-kill-'))
after(() => rmSync(root, { recursive: true }))

/** What the killed processes have said, all of them together. */
class Said {
  readonly published = new Set<string>()
  /** Token → id and number of queues. */
  readonly confirmed = new Map<string, { id: number; queues: number }>()
  readonly asked = new Set<string>()
  readonly settled = new Set<string>()

  hear(line: string): void {
    const [what, token = '', id, queues] = line.split(' ')
    if (what === 'p') this.published.add(token)
    else if (what === 'c') this.confirmed.set(token, { id: Number(id), queues: Number(queues) })
    else if (what === 'a') this.asked.add(token)
    else if (what === 's') this.settled.add(token)
  }
}

/** Runs a writer and kills it `ms` after its first confirm. */
function killedWriter(dir: string, name: string, ms: number, said: Said): Promise<void> {
  const child = spawn(process.execPath, [
    '--disable-warning=ExperimentalWarning',
    WRITER,
    dir,
    name,
  ])
  let errors = ''
  let rest = ''
  let confirmed = false
  child.stderr.on('data', (data) => {
    errors += data
  })
  child.stdout.on('data', (data) => {
    const lines = (rest + data).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) said.hear(line)
    if (confirmed || !lines.some((line) => line.startsWith('c'))) return
    confirmed = true
    setTimeout(() => child.kill('SIGKILL'), ms)
  })
  return new Promise((resolve, reject) => {
    child.on('close', (_code, signal) => {
      if (signal === 'SIGKILL') resolve()
      else reject(new Error(`the writer ended by itself: ${errors}`))
    })
  })
}

async function contents(broker: Broker, queue: string): Promise<Map<string, Peeked>> {
  const found = new Map<string, Peeked>()
  for (let afterId = 0; ; ) {
    const page = await broker.peek(queue, { limit: 1_000, afterId })
    for (const peeked of page) {
      const token = Buffer.from(peeked.body).toString().split(' ')[0]!
      assert.equal(found.has(token), false, `${token} is there twice`)
      found.set(token, peeked)
    }
    if (page.length < 1_000) return found
    afterId = page.at(-1)!.id
  }
}

async function check(broker: Broker, said: Said): Promise<void> {
  const drained = await contents(broker, 'drained')
  const kept = await contents(broker, 'kept')
  for (const token of [...drained.keys(), ...kept.keys()])
    assert.ok(said.published.has(token), token)
  for (const token of said.settled) assert.equal(drained.has(token), false, `${token} is settled`)
  for (const [token, { id, queues }] of said.confirmed) {
    if (!said.asked.has(token)) assert.equal(drained.get(token)?.id, id, `${token} of drained`)
    if (queues === 2) assert.equal(kept.get(token)?.id, id, `${token} of kept`)
  }
  assert.deepEqual(broker.report.damaged, [])
}

test('kill -9 at random moments: nothing confirmed is missing, nothing is invented', async (t) => {
  const dir = join(root, 'broker')
  const said = new Said()
  const start = Date.now()
  let trials = 0
  for (; trials < TRIALS && (trials < 3 || Date.now() - start < TIME_MS); trials++) {
    await killedWriter(dir, `t${trials}`, Math.random() * 150, said)
    for (const again of [1, 2]) {
      const broker = await createBroker({ dir })
      assert.equal(broker.report.cleanStop, again === 2)
      await check(broker, said)
      await broker.close()
    }
  }
  const { confirmed, settled } = said
  t.diagnostic(`${trials} kills, ${confirmed.size} confirmed, ${settled.size} settled`)
  assert.ok(confirmed.size > trials && settled.size > 0)
})
