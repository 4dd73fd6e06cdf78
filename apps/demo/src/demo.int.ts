import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { createBroker } from '@hufu/broker'
import { PATTERNS } from './options.ts'

const MAIN = join(import.meta.dirname, 'main.ts')

/** The fields that the project promises, in their order. */
const FIELDS = `orders placed repeated rejected kills lost duplicated outOfOrder openReceipts parked
  consistent seconds`.split(/\s+/)

async function folder(t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'hufu-demo-test-'))
  t.after(() => rm(dir, { recursive: true, force: true }))
  return dir
}

/** Starts the demo; its temporary folders are made in `temporary`. */
function start(args: readonly string[], temporary: string) {
  const env = { ...process.env, TMPDIR: temporary }
  const child = spawn(process.execPath, [MAIN, ...args], { env })
  let out = ''
  let err = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text
  })
  const ended = new Promise<{ code: number | null; out: string; err: string }>((resolve) => {
    child.on('close', (code) => resolve({ code, out, err }))
  })
  return { child, ended, said: () => err }
}

function lastLine(out: string): Record<string, unknown> {
  assert.ok(out.endsWith('\n'))
  return JSON.parse(out.trimEnd().split('\n').at(-1) ?? '')
}

function countsOf({ seconds, ...counts }: Record<string, unknown>) {
  assert.ok(typeof seconds === 'number' && seconds > 0)
  return counts
}

const NOTHING_WRONG = { lost: 0, duplicated: 0, outOfOrder: 0, openReceipts: 0, consistent: true }

test('generated orders stay consistent through exactly the kills asked for', async (t) => {
  const dir = await folder(t)
  const args = '--kills 3 --seed 7 --count 400 --json'.split(' ')
  const { code, out, err } = await start(args, dir).ended
  assert.equal(code, 0, err)
  assert.equal(out.trimEnd().split('\n').length, 1)
  const found = lastLine(out)
  assert.deepEqual(Object.keys(found), FIELDS)
  const { placed, repeated, parked, ...counts } = countsOf(found)
  assert.deepEqual(counts, { ...NOTHING_WRONG, orders: 400, rejected: 0, kills: 3 })
  assert.equal(Number(placed) + Number(repeated), 400)
  assert.equal(typeof parked, 'number')
  assert.deepEqual(await readdir(dir), [], 'the temporary folder is removed after a success')
})

test('transactional messages, killed between half, local commit and second word', async (t) => {
  const dir = await folder(t)
  const args = '--pattern transactional-message --kills 4 --seed 7 --count 400 --json'.split(' ')
  const { code, out, err } = await start(args, dir).ended
  assert.equal(code, 0, err)
  const found = lastLine(out)
  assert.deepEqual(Object.keys(found), FIELDS)
  const { placed, repeated, parked, ...counts } = countsOf(found)
  assert.deepEqual(counts, { ...NOTHING_WRONG, orders: 400, rejected: 0, kills: 4 })
  assert.equal(Number(placed) + Number(repeated), 400)
  assert.equal(typeof parked, 'number')
  // What was under way at a crash point was left without its second word.
  assert.match(err, /Kills .*between half message and local transaction/)
  assert.match(err, /Kills .*between its commit and the second word/)
  assert.match(err, /Asked .* [1-9]\d* committed, [1-9]\d* rolled back/)
})

function order(id: string, change: object = {}): string {
  return JSON.stringify({ id, userId: 'u1', sku: 's1', cents: 1999, couponId: null, ...change })
}

/** Lines of every kind, an order repeated across a kill among them. */
function mixedInput(): string {
  const orders = Array.from({ length: 60 }, (_, n) => order(`m${n}`, { userId: `u${n % 7}` }))
  return [
    `\uFEFF${order('o1', { couponId: 'c1', extra: true })}\r`,
    '{"id":"broken",',
    '',
    order('o2', { cents: '1999' }),
    order('o1', { couponId: 'c1' }),
    order('o1'),
    order('o3', { note: 'x'.repeat(1024 * 1024) }),
    order('o4', { couponId: 'c1' }),
    ...orders,
    '\r',
    orders[0],
    order('o5'),
  ].join('\n')
}

for (const pattern of PATTERNS) {
  test(`a file with every kind of line is taken in and counted exactly: ${pattern}`, (t) =>
    takesMixedInput(t, pattern))
}

async function takesMixedInput(t: TestContext, pattern: string): Promise<void> {
  const dir = await folder(t)
  const file = join(dir, 'orders.jsonl')
  await writeFile(file, mixedInput())
  const data = join(dir, 'd')
  const kills = ['--kills', '3', '--seed', '7']
  const args = ['--pattern', pattern, '--orders', file, ...kills, '--json', '--data', data]
  const { code, out, err } = await start(args, dir).ended
  assert.equal(code, 0, err)
  assert.deepEqual(countsOf(lastLine(out)), {
    ...NOTHING_WRONG,
    orders: 69,
    placed: 63,
    repeated: 2,
    rejected: 4,
    kills: 3,
    parked: 0,
  })
  assert.match(err, /line 2: not valid JSON\n.*line 4: cents must be.*\n.*line 6: the id is taken/)
  assert.match(err, /line 7: longer than 65536 bytes/)
  assert.match(err, /Coupons +1 used, 1 refused/)
  assert.ok(existsSync(join(data, 'order.db')), 'a folder that the user named is kept')
}

test('standard input is taken in as it comes', async (t) => {
  const dir = await folder(t)
  const { child, ended } = start(['--orders', '-', '--kills', '1', '--json'], dir)
  for (let n = 1; n <= 5; n++) {
    child.stdin.write(`${order(`o${n}`)}\n`)
    await sleep(100)
  }
  child.stdin.end(order('o6'))
  const { code, out, err } = await ended
  assert.equal(code, 0, err)
  const { placed, kills } = lastLine(out)
  assert.deepEqual({ placed, kills }, { placed: 6, kills: 1 })
})

test('no orders and no kills are consistent', async (t) => {
  const dir = await folder(t)
  const { code, out } = await start(['--count', '0', '--kills', '0', '--json'], dir).ended
  assert.equal(code, 0)
  assert.equal(lastLine(out).orders, 0)
})

test('an input with bad lines only says that nothing was put to the test', async (t) => {
  const dir = await folder(t)
  const file = join(dir, 'bad.jsonl')
  await writeFile(file, 'no\nnor this\n   \n')
  const { code, out, err } = await start(['--orders', file, '--kills', '0', '--json'], dir).ended
  assert.equal(code, 0, err)
  assert.equal(lastLine(out).rejected, 3)
  assert.match(err, /No line of the input is an order, so nothing was put to the test\./)
})

test('wrong usage, unreadable input and a folder in use end with 2 and say why', async (t) => {
  const dir = await folder(t)
  await writeFile(join(dir, 'file'), 'x')
  const calls: [string[], RegExp][] = [
    [['--nothing'], /Cannot read the options/],
    [['--kills', 'many'], /Cannot read --kills: many/],
    [['--orders', join(dir, 'missing')], /Reading the orders of .*missing: ENOENT/],
    [['--orders', dir], /it is a folder/],
    [['--data', dir], /it is not empty/],
    [['--data', join(dir, 'file')], /Making the folder/],
  ]
  for (const [args, why] of calls) {
    const { code, out, err } = await start([...args, '--json'], dir).ended
    assert.equal(code, 2, err)
    assert.match(String(lastLine(out).error), why)
    assert.match(err, why)
  }
})

test('a signal ends the demo and its worker', { timeout: 60_000 }, async (t) => {
  const dir = await folder(t)
  for (const [signal, exitCode] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    const data = join(dir, signal)
    const args = ['--count', '5000', '--kills', '0', '--rate', '50', '--json', '--data', data]
    const { child, ended, said } = start(args, dir)
    while (!/[1-9]\d* placed/.test(said())) await sleep(50)
    child.kill(signal)
    const { code, out } = await ended
    assert.equal(code, exitCode)
    assert.match(String(lastLine(out).error), /ended by SIG/)
    assert.equal(await workerOn(data), undefined)
  }
})

test('a worker that dies by itself is a failure, and the files are kept', async (t) => {
  const dir = await folder(t)
  const data = join(dir, 'd')
  const args = ['--count', '5000', '--kills', '0', '--rate', '50', '--json', '--data', data]
  const { ended, said } = start(args, dir)
  while (!/[1-9]\d* placed/.test(said())) await sleep(50)
  process.kill((await workerOn(data))!, 'SIGTERM')
  const { code, out, err } = await ended
  assert.equal(code, 1, err)
  const found = lastLine(out)
  assert.equal(found.consistent, false)
  assert.match(String(found.error), /ended by itself, SIGTERM/)
  assert.ok(Number(found.placed) > 0 && existsSync(join(data, 'order.db')))
})

/** The process that has the run's broker open; undefined when there is none. */
async function workerOn(data: string): Promise<number | undefined> {
  try {
    await (await createBroker({ dir: join(data, 'broker') })).close()
    return undefined
  } catch (error) {
    return Number(/process (\d+) holds it/.exec((error as Error).message)?.[1])
  }
}
