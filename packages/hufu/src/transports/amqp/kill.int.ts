import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import { after, it, type TestContext } from 'node:test'
import { ownService } from '../../../../../tools/services/for-test.ts'
import { endServer, HufuServer, ownPrefix, removeOf, SERVERS, serverUrl } from './server.fixture.ts'
import { Wire } from './wire.fixture.ts'

after(endServer)

const ORDERS = 500
const GROUPS = ['points', 'sms']
const SERVICES = ['hufu.receipts/orders', 'hufu.receipts/points', 'hufu.receipts/sms']
const QUEUES = [...GROUPS.map((group) => `order.placed/${group}`), ...SERVICES]

/** A run that is not killed ends long before, ms. */
const PATIENCE_MS = 120_000

const PROGRAM = join(import.meta.dirname, 'kill.fixture.ts')

/** A folder of databases, and the program that works on them. */
class Stage {
  readonly #url: string
  readonly #way: string
  readonly #prefix = ownPrefix()
  readonly #dir: string

  constructor(url: string, way: string, dir: string) {
    this.#url = url
    this.#way = way
    this.#dir = dir
  }

  /** Runs the program; calls `onReady` with what kills it. Its last line. */
  async run(orders: number, role: string, onReady: (kill: () => void) => void): Promise<string> {
    const args = [PROGRAM, this.#way, this.#prefix, this.#dir, String(orders), role]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    const kill = () => void child.kill('SIGKILL')
    const exited = once(child, 'exit')
    const patience = setTimeout(kill, PATIENCE_MS)
    let last = ''
    for await (const line of createInterface({ input: child.stdout! })) {
      last = line
      if (line === 'ready') onReady(kill)
    }
    await exited
    clearTimeout(patience)
    return last
  }

  rows<Row>(service: string, sql: string): Row[] {
    const db = new DatabaseSync(join(this.#dir, `${service}.db`))
    const found = db.prepare(sql).all()
    db.close()
    return found as unknown as Row[]
  }

  /** Every order once, in order of key, each answered once by each group. */
  check(orders: number): void {
    const effects = 'SELECT id, value FROM effects'
    type Effect = { id: string; value: string }
    const placed = this.rows<Effect>('orders', `${effects} WHERE value = 'order' ORDER BY n`)
    assert.equal(placed.length, orders)
    const committed = byKey(placed, ({ id }) => `k${Number(id) % 7}`)
    for (const group of GROUPS) {
      const done = this.rows<Effect>(group, `${effects} ORDER BY n`)
      assert.equal(done.length, orders, `${group}: one effect for each order`)
      assert.deepEqual(
        byKey(done, ({ value }) => value),
        committed,
        `${group}: in order`,
      )
      const answers = this.rows<Effect>('orders', `${effects} WHERE value = '${group}'`)
      assert.equal(new Set(answers.map(({ id }) => id)).size, orders)
      assert.equal(answers.length, orders, `${group}: each receipt handled once`)
    }
  }

  removeQueues(): Promise<void> {
    return removeOf(this.#url, this.#prefix, QUEUES)
  }
}

function byKey<Row extends { id: string }>(found: Row[], key: (row: Row) => string) {
  const keys = new Map<string, string[]>()
  for (const row of found) keys.set(key(row), [...(keys.get(key(row)) ?? []), row.id])
  return keys
}

/** The program connects by `way`. */
async function stage(t: TestContext, url: string, way = url): Promise<Stage> {
  const made = new Stage(url, way, await folder(t))
  t.after(() => made.removeQueues())
  return made
}

async function folder(t: TestContext): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'hufu-kill-'))
  t.after(() => rm(made, { recursive: true }))
  return made
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

async function killedFiveTimes(scene: Stage): Promise<void> {
  for (let kills = 0; kills < 5; kills++) {
    await scene.run(ORDERS, 'all', (kill) => void setTimeout(kill, 30 + kills * 60))
  }
  assert.equal(await scene.run(ORDERS, 'all', () => {}), 'finished')
  scene.check(ORDERS)
}

const RULE = 'kill -9 at any instant: nothing lost or doubled, keys in order, all answered'

it(`amqp on Hufu, ${RULE}`, async (t) => {
  const url = await serverUrl(t, 'Hufu')
  await killedFiveTimes(await stage(t, url!))
})

it(`amqp on RabbitMQ, ${RULE}`, async (t) => {
  const url = await serverUrl(t, 'RabbitMQ')
  if (url !== undefined) await killedFiveTimes(await stage(t, url))
})

for (const name of SERVERS) {
  it(`amqp on ${name}, connections cut under way: nothing lost or doubled`, async (t) => {
    const url = await serverUrl(t, name)
    if (url === undefined) return
    const wire = await new Wire(url).open()
    const scene = await stage(t, url, wire.url)
    const cuts = async () => {
      for (let n = 0; n < 5; n++) {
        await pause(100 + n * 50)
        wire.cut()
      }
    }
    let cutting: Promise<void> | undefined
    const end = await scene.run(1_000, 'all', () => {
      cutting = cuts()
    })
    await cutting
    await wire.close()
    assert.equal(end, 'finished')
    scene.check(1_000)
  })
}

for (const name of SERVERS) {
  const rule = 'two processes consume, one is killed, another takes over: nothing lost or doubled'
  it(`amqp on ${name}, ${rule}`, async (t) => {
    const url = await serverUrl(t, name)
    if (url === undefined) return
    const scene = await stage(t, url)
    let ended = false
    const lane = async (ms: number) => {
      while (!ended) await scene.run(0, 'consumers', (kill) => void setTimeout(kill, ms))
    }
    const lanes = [lane(700), lane(1_100)]
    const end = await scene.run(1_000, 'shop', () => {})
    ended = true
    await Promise.all(lanes)
    assert.equal(end, 'finished')
    scene.check(1_000)
  })
}

it('amqp: a RabbitMQ is killed and starts again under way: nothing lost or doubled', async (t) => {
  const service = await ownService(t, 'rabbitmq')
  if (service === undefined) return
  const scene = new Stage(service.url, service.url, await folder(t))
  let restarted: Promise<void> | undefined
  const end = await scene.run(1_000, 'all', () => {
    restarted = pause(200).then(async () => {
      await service.kill()
      await service.restart()
    })
  })
  await restarted
  assert.equal(end, 'finished')
  scene.check(1_000)
})

it('amqp: the server ends and starts again under way: nothing lost or doubled', async (t) => {
  const server = await HufuServer.start()
  const scene = await stage(t, server.url)
  t.after(() => server.remove())
  const restarts = async () => {
    for (const pauseMs of [150, 600]) {
      await pause(pauseMs)
      await server.close()
      await pause(pauseMs)
      await server.open()
    }
  }
  let restarted: Promise<void> | undefined
  const end = await scene.run(1_500, 'all', () => {
    restarted = restarts()
  })
  await restarted
  assert.equal(end, 'finished')
  scene.check(1_500)
})

it('amqp: a message that kills its process is parked when its attempts are used up', async (t) => {
  const url = await serverUrl(t, 'Hufu')
  const scene = await stage(t, url!)
  let lives = 1
  while ((await scene.run(20, 'poison', () => {})) !== 'finished') {
    lives++
    assert.ok(lives < 8, 'it goes on killing')
  }
  const sql = "SELECT id, cause, attempts FROM hufu_parked WHERE state = 'parked'"
  const parked = scene.rows<object>('points', sql).map((row) => ({ ...row }))
  assert.deepEqual(parked, [{ id: '3', cause: 'EXHAUSTED', attempts: 2 }])
  const effects = scene.rows<{ id: string }>('points', 'SELECT id FROM effects')
  assert.equal(new Set(effects.map(({ id }) => id)).size, 19)
})
