import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { countsOf, FIELDS, folder, lastLine, NOTHING_WRONG, order, start } from './demo.fixture.ts'

/** What the run says, apart from counts that the seed decides. */
function checkGenerated(found: Record<string, unknown>, orders: number, kills: number) {
  assert.deepEqual(Object.keys(found), FIELDS)
  const { placed, repeated, parked, ...counts } = countsOf(found)
  assert.deepEqual(counts, { ...NOTHING_WRONG, orders, rejected: 0, kills })
  assert.equal(Number(placed) + Number(repeated), orders)
  assert.equal(typeof parked, 'number')
}

test('five processes stay consistent while each of them is killed', async (t) => {
  const dir = await folder(t)
  const args = '--kills 7 --seed 7 --count 700 --json'.split(' ')
  const { code, out, err } = await start(args, dir).ended
  assert.equal(code, 0, err)
  assert.equal(out.trimEnd().split('\n').length, 1)
  const found = lastLine(out)
  checkGenerated(found, 700, 7)
  const processes = found.processes as Record<string, number>
  assert.deepEqual(Object.keys(processes), ['broker', 'order', 'coupon', 'points', 'sms'])
  const times = Object.values(processes)
  assert.ok(
    times.every((each) => each > 0),
    JSON.stringify(processes),
  )
  assert.equal(
    times.reduce((sum, each) => sum + each),
    7,
  )
  assert.match(err, /Killed:\n( +\d+\.\d s {2}(broker|order|coupon|points|sms) .*\n){7}/)
  assert.deepEqual(await readdir(dir), [], 'the temporary folder is removed after a success')
})

test('transactional messages, killed between half, local commit and second word', async (t) => {
  const dir = await folder(t)
  const args = '--pattern transactional-message --kills 4 --seed 7 --count 400 --json'.split(' ')
  const { code, out, err } = await start(args, dir).ended
  assert.equal(code, 0, err)
  const found = lastLine(out)
  checkGenerated(found, 400, 4)
  assert.deepEqual(found.processes, { worker: 4 })
  // What was under way at a crash point was left without its second word.
  assert.match(err, /Kills .*between half message and local transaction/)
  assert.match(err, /Kills .*between its commit and the second word/)
  assert.match(err, /Asked .* [1-9]\d* committed, [1-9]\d* rolled back/)
})

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

for (const [pattern, broker] of [
  ['outbox', 'server'],
  ['outbox', 'embedded'],
  ['transactional-message', 'embedded'],
] as const) {
  test(`every kind of line is taken in and counted exactly: ${pattern}, broker ${broker}`, (t) =>
    takesMixedInput(t, ['--pattern', pattern, '--broker', broker]))
}

async function takesMixedInput(t: TestContext, form: readonly string[]): Promise<void> {
  const dir = await folder(t)
  const file = join(dir, 'orders.jsonl')
  await writeFile(file, mixedInput())
  const data = join(dir, 'd')
  const kills = ['--kills', '3', '--seed', '7']
  const args = [...form, '--orders', file, ...kills, '--json', '--data', data]
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
  const { child, ended } = start(['--orders', '-', '--kills', '2', '--json'], dir)
  for (let n = 1; n <= 5; n++) {
    child.stdin.write(`${order(`o${n}`)}\n`)
    await sleep(100)
  }
  child.stdin.end(order('o6'))
  const { code, out, err } = await ended
  assert.equal(code, 0, err)
  const { placed, kills } = lastLine(out)
  assert.deepEqual({ placed, kills }, { placed: 6, kills: 2 })
})

test('no orders and no kills are consistent', async (t) => {
  const dir = await folder(t)
  const { code, out, err } = await start(['--count', '0', '--kills', '0', '--json'], dir).ended
  assert.equal(code, 0, err)
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
    [['--broker', 'rabbit'], /Cannot read --broker: it is none of/],
  ]
  for (const [args, why] of calls) {
    const { code, out, err } = await start([...args, '--json'], dir).ended
    assert.equal(code, 2, err)
    assert.match(String(lastLine(out).error), why)
    assert.match(err, why)
  }
})
