import assert from 'node:assert/strict'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { test } from 'node:test'
import { connect } from 'amqplib'
import { ownService, shared } from '../../../tools/services/for-test.ts'
import { countsOf, folder, lastLine, NOTHING_WRONG, start } from './demo.fixture.ts'
import { BrokerProcess } from './run/broker-process.ts'

/** `hufu serve` of the test's own. */
async function ownServer(t: TestContext, dir: string) {
  const server = new BrokerProcess(dir, '127.0.0.1:0')
  t.after(() => server.kill())
  while (server.address === undefined) {
    if (server.end !== undefined) throw new Error(`hufu serve ended: ${server.tail()}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return { server, url: `amqp://guest:guest@${server.address}` }
}

async function runsOn(t: TestContext, url: string): Promise<void> {
  const dir = await folder(t)
  const form = '--kills 5 --seed 4 --count 500 --json --broker'.split(' ')
  const demo = start([...form, url], dir)
  await demo.said(/[1-9]\d* effects/)
  const prefix = /in queues (hufu-demo-[0-9a-f]{8})\/…/.exec(demo.text())?.[1] ?? ''
  assert.deepEqual(await thereOf(url, prefix), namesOf(prefix))
  const { code, out, err } = await demo.ended
  assert.equal(code, 0, err)
  assert.deepEqual(await thereOf(url, prefix), [], 'nothing is left in the broker')
  const found = lastLine(out)
  const { placed, repeated, parked, ...counts } = countsOf(found)
  assert.deepEqual(counts, { ...NOTHING_WRONG, orders: 500, rejected: 0, kills: 5 })
  assert.deepEqual(Object.keys(found.processes!), ['order', 'coupon', 'points', 'sms'])
  const { password, host } = new URL(url)
  assert.ok(!err.includes(password), 'the password is not shown')
  assert.match(
    err,
    new RegExp(`the broker amqp://${host}\\S* is not this run's own and is not killed`),
  )
}

/** Exchange and queues of a run. */
function namesOf(prefix: string): string[] {
  const groups = ['coupon', 'points', 'sms']
  const orders = groups.map((group) => `${prefix}/order.placed/${group}`)
  const receipts = ['order', ...groups].map((service) => `${prefix}/hufu.receipts/${service}`)
  return [prefix, ...orders, ...receipts]
}

/** Which of them are there. */
async function thereOf(url: string, prefix: string): Promise<string[]> {
  const there: string[] = []
  const connection = await connect(url)
  const ask = async (name: string, kind: 'checkQueue' | 'checkExchange') => {
    const channel = await connection.createChannel()
    channel.on('error', () => {})
    await channel[kind](name).then(
      () => there.push(name),
      () => {},
    )
  }
  for (const name of namesOf(prefix)) {
    await ask(name, name === prefix ? 'checkExchange' : 'checkQueue')
  }
  await connection.close()
  return there
}

test('on a RabbitMQ that is there the services are killed, the broker is not', async (t) => {
  const url = await shared(t, 'rabbitmq')
  if (url) await runsOn(t, url)
})

test('on a Hufu server that is there the same holds', async (t) => {
  const { url } = await ownServer(t, await folder(t))
  await runsOn(t, url)
})

test('a RabbitMQ that is stopped and comes back: the services wait, nothing is lost', async (t) => {
  const rabbitmq = await ownService(t, 'rabbitmq')
  if (!rabbitmq) return
  const dir = await folder(t)
  const form = '--count 800 --rate 150 --kills 2 --seed 5 --json --broker'.split(' ')
  const demo = start([...form, rabbitmq.url], dir)
  t.after(() => demo.child.kill('SIGKILL'))
  await demo.said(/[1-9]\d\d effects/)
  await rabbitmq.restart()
  const { code, out, err } = await demo.ended
  assert.equal(code, 0, err)
  const { placed, repeated, parked, ...counts } = countsOf(lastLine(out))
  assert.deepEqual(counts, { ...NOTHING_WRONG, orders: 800, rejected: 0, kills: 2 })
})

test('a broker that does not answer, or lets nobody in, cannot be used here: 3', async (t) => {
  const dir = await folder(t)
  const { server, url } = await ownServer(t, await folder(t))
  const { code, out, err } = await start(
    ['--broker', url.replace(':guest@', ':secret@'), '--json'],
    dir,
  ).ended
  assert.equal(code, 3, err)
  assert.match(String(lastLine(out).skipped), /Using the broker amqp:\/\/127\.0\.0\.1:\d+/)
  assert.ok(!err.includes('secret'))
  await server.kill()
  const away = await start(['--broker', url, '--json'], dir).ended
  assert.equal(away.code, 3, away.err)
  assert.match(String(lastLine(away.out).skipped), /Using the broker .*ECONNREFUSED/s)
})

test('a broker gone for good: the run fails within the stall time and says why', async (t) => {
  const dir = await folder(t)
  const { server, url } = await ownServer(t, await folder(t))
  const args = ['--broker', url, '--count', '600', '--rate', '200', '--kills', '0', '--stall', '5']
  const demo = start([...args, '--json', '--data', join(dir, 'd')], dir)
  t.after(() => demo.child.kill('SIGKILL'))
  await demo.said(/[1-9]\d* effects/)
  await server.kill()
  const { code, out, err } = await demo.ended
  assert.equal(code, 1, err)
  const { error, consistent } = lastLine(out)
  assert.equal(consistent, false)
  assert.match(String(error), /nothing has moved for 5 s/)
  assert.match(String(error), /Using the broker amqp:\/\/127\.0\.0\.1:\d+.*ECONNREFUSED/s)
})
