import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { GetMessage } from 'amqplib'
import { AdminHouse, adminHouse } from './admin-house.fixture.ts'

test('connections are listed, and closed with a reason', async (t) => {
  const house = await adminHouse(t)
  const client = await house.client()
  const { connections } = (await house.hufu('connections', 'list', '--json')).json
  const [{ number, since, port, ...rest }] = connections
  assert.deepEqual(rest, { user: 'guest', vhost: '/', host: '127.0.0.1' })
  assert.ok(port > 0 && Date.now() - since < 60_000)
  const closed = once(client, 'close')
  const told = ['connections', 'close', String(number), '--reason', 'too many']
  assert.equal((await house.hufu(...told)).code, 0)
  assert.match(String((await closed)[0]), /320.*too many/)
  assert.deepEqual((await house.hufu('connections', 'list', '--json')).json.connections, [])
  assert.equal((await house.hufu(...told)).code, 1)
})

test('a policy is in effect at once, and shown with its queue', async (t) => {
  const house = await adminHouse(t)
  const client = await house.client()
  const channel = await client.createConfirmChannel()
  await channel.assertQueue('q1')
  const definition = '{"max-length":2}'
  const set = [
    'policies',
    'set',
    'short',
    '^q',
    definition,
    '--apply-to',
    'queues',
    '--priority',
    '4',
  ]
  assert.equal((await house.hufu(...set)).out, 'Policy short of / is set\n')
  const { queues } = (await house.hufu('queues', 'list', '--json')).json
  assert.equal(queues[0].policy, 'short')
  for (let i = 0; i < 5; i++) channel.sendToQueue('q1', Buffer.from('x'))
  await channel.waitForConfirms()
  assert.equal((await house.hufu('queues', 'purge', '--yes', 'q1', '--json')).json.messages, 2)
  const listed = (await house.hufu('policies', 'list', '--json')).json.policies
  assert.deepEqual(listed, [
    {
      ...{ vhost: '/', operator: false, name: 'short', pattern: '^q', applyTo: 'queues' },
      ...{ priority: 4, definition: { 'max-length': 2 } },
    },
  ])
  const wrong = await house.hufu('policies', 'set', 'p', '', '{"max-size":1}')
  assert.match(wrong.err, /^Cannot set policy 'p': .*'max-size' is not a recognised setting/)
  assert.equal((await house.hufu('policies', 'clear', 'short')).code, 0)
  assert.equal((await house.hufu('policies', 'clear', 'short')).code, 1)
  await client.close()
})

test('what failed too often is listed with its cause, sent out again, or discarded', async (t) => {
  const house = await adminHouse(t)
  const client = await house.client()
  const channel = await client.createConfirmChannel()
  const limited = { 'x-queue-type': 'quorum', 'x-delivery-limit': 1 }
  await channel.assertQueue('q', { arguments: limited })
  for (const text of ['a', 'b', 'c']) channel.sendToQueue('q', Buffer.from(text))
  await channel.waitForConfirms()
  for (let i = 0; i < 6; i++) channel.nack((await channel.get('q')) as GetMessage)
  assert.equal(await channel.get('q'), false)
  const parked = (await house.hufu('parked', 'list', 'q', '--json')).json.messages
  const bodies = parked.map(({ body, state }: { body: string; state: string }) => [body, state])
  assert.deepEqual(bodies, [
    ['a', 'parked'],
    ['b', 'parked'],
    ['c', 'parked'],
  ])
  assert.ok(parked[0].history.length > 0)
  const first = await house.hufu('parked', 'discard', '--yes', 'q', '--id', String(parked[0].id))
  assert.equal(first.out, '1 of 1 are removed from q\n')
  assert.equal((await house.hufu('parked', 'retry', 'q', '--id', '999999')).code, 1)
  assert.equal(
    (await house.hufu('parked', 'retry', 'q', '--all')).out,
    '2 of 2 go out again from q\n',
  )
  assert.equal(String(((await channel.get('q')) as GetMessage).content), 'b')
  assert.equal((await house.hufu('parked', 'retry', 'q')).code, 2)
  await client.close()
})

test('a data folder whose path is too long for a socket is served all the same', async (t) => {
  const base = mkdtempSync(join(tmpdir(), 'hufu-long-'))
  const house = new AdminHouse(join(base, 'long'.repeat(30)))
  t.after(async () => {
    await house.remove()
    rmSync(base, { recursive: true })
  })
  await house.start()
  assert.equal((await house.hufu('users', 'list', '--json')).json.through, 'server')
  await house.stop()
  assert.equal((await house.hufu('users', 'list', '--json')).json.through, 'folder')
})

test('a folder that no server has made is not touched', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'hufu-none-'))
  t.after(() => rmSync(dir, { recursive: true }))
  const house = new AdminHouse(dir)
  const none = await house.hufu('queues', 'list')
  assert.equal(none.code, 2)
  assert.match(none.err, /^Cannot open .*: no server has made it yet; start 'hufu serve' once\n$/)
  writeFileSync(join(dir, 'config.json'), JSON.stringify({ data: join(dir, 'other') }))
  const { said } = house.begin(['queues', 'list', '--config', join(dir, 'config.json')])
  assert.equal((await said).code, 2)
})

test('what is no operation is refused', async (t) => {
  const house = await adminHouse(t)
  const post = async (path: string, body: string) => {
    const socketPath = join(house.dir, 'admin.sock')
    const sent = request({ socketPath, path, method: 'POST' })
    sent.end(body)
    const [response] = await once(sent, 'response')
    const chunks: Buffer[] = await response.toArray()
    const lines = Buffer.concat(chunks).toString().trim().split('\n')
    return { status: response.statusCode, last: JSON.parse(lines.at(-1)!) }
  }
  assert.equal((await post('/operations/toString', '{}')).status, 404)
  assert.equal((await post('/jobs/none/stop', '')).status, 404)
  const refused = [
    await post('/operations/users.add', '{'),
    await post('/operations/users.add', '[]'),
  ]
  assert.deepEqual(
    refused.map(({ last }) => last.error.reason),
    ['argument', 'argument'],
  )
  const { last } = await post('/operations/users.add', '{"name":5}')
  const message = 'Cannot do users.add: name is 5, not a text'
  assert.deepEqual(last, { error: { reason: 'argument', message } })
})
