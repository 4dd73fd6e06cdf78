import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import type { ConfirmChannel, GetMessage, Options } from 'amqplib'
import { type AdminHouse, adminHouse } from './admin-house.fixture.ts'

/** So many messages with their numbers, all on disk. */
async function fill(
  channel: ConfirmChannel,
  queue: string,
  count: number,
  options: Options.Publish = {},
): Promise<void> {
  for (let i = 1; i <= count; i++) channel.sendToQueue(queue, Buffer.from(String(i)), options)
  await channel.waitForConfirms()
}

/** All that can be had from a queue, in its order. */
async function drain(channel: ConfirmChannel, queue: string): Promise<GetMessage[]> {
  const all: GetMessage[] = []
  for (;;) {
    const message = await channel.get(queue, { noAck: true })
    if (message === false) return all
    all.push(message)
  }
}

const numbers = (count: number, from = 1) =>
  Array.from({ length: count }, (_, i) => String(i + from))
const texts = (messages: readonly GetMessage[]) => messages.map(({ content }) => String(content))

async function channelOf(house: AdminHouse): Promise<ConfirmChannel> {
  return (await house.client()).createConfirmChannel()
}

test('peek shows a message and changes nothing', async (t) => {
  const house = await adminHouse(t)
  const channel = await channelOf(house)
  await channel.assertQueue('q')
  const headers = { n: 1, big: 2 ** 40, in: { list: ['a', true] } }
  channel.sendToQueue('q', Buffer.from('first'), { headers, priority: 3, messageId: 'm' })
  await fill(channel, 'q', 30)
  channel.sendToQueue('q', Buffer.from([0xff, 0xfe, 0]))
  await channel.waitForConfirms()
  const { messages } = (await house.hufu('queues', 'peek', 'q', '--limit', '1', '--json')).json
  const { id, time, ...shown } = messages[0]
  assert.ok(id > 0 && time > 0)
  assert.deepEqual(shown, {
    ...{ state: 'ready', exchange: '', routingKey: 'q', redelivered: false, attempts: 0, dueAt: 0 },
    ...{ history: [], properties: { priority: 3, messageId: 'm' }, headers },
    ...{ bodyBytes: 5, body: 'first', encoding: 'text', cut: false },
  })
  const after = ['--after', String(id), '--limit', '100', '--bytes', '2', '--json']
  const rest = (await house.hufu('queues', 'peek', 'q', ...after)).json.messages
  assert.equal(rest.length, 31)
  assert.deepEqual(
    [rest[30].body, rest[30].encoding, rest[30].bodyBytes, rest[30].cut],
    ['//4=', 'base64', 3, true],
  )
  const text = await house.hufu('queues', 'peek', 'q', '--limit', '2')
  assert.match(
    text.out,
    /message \d+, ready, exchange '', key 'q'[\s\S]*body, 5 bytes: first\n\nmessage/,
  )
  const got = await drain(channel, 'q')
  assert.equal(got.length, 32)
  assert.equal(
    got.some(({ fields }) => fields.redelivered),
    false,
  )
})

test('purge removes what is ready, and only that', async (t) => {
  const house = await adminHouse(t)
  const channel = await channelOf(house)
  await channel.assertQueue('q')
  await fill(channel, 'q', 10)
  const held = await channel.get('q')
  const purged = await house.hufu('queues', 'purge', '--yes', 'q', '--json')
  assert.deepEqual(purged.json, { through: 'server', vhost: '/', queue: 'q', messages: 9 })
  channel.nack(held as GetMessage)
  assert.deepEqual(texts(await drain(channel, 'q')), ['1'])
  const { queues } = (await house.hufu('queues', 'list', '--json')).json
  assert.deepEqual(queues, [
    {
      ...{ vhost: '/', name: 'q', type: 'classic', durable: true, exclusive: false },
      ...{ autoDelete: false, arguments: {}, ready: 0, unsettled: 0, delayed: 0, parked: 0 },
      ...{ bytes: 0, consumers: 0 },
    },
  ])
  assert.equal(
    (await house.hufu('queues', 'delete', '--yes', 'q')).out,
    'Queue q is deleted, with 0 messages\n',
  )
})

test('move keeps the order, and the messages as they are', async (t) => {
  const house = await adminHouse(t)
  const channel = await channelOf(house)
  await channel.assertQueue('a')
  await channel.assertQueue('b')
  await fill(channel, 'a', 200, { headers: { h: 1 }, messageId: 'm' })
  const first = await house.hufu('queues', 'move', 'a', '--to', 'b', '--limit', '50', '--json')
  assert.deepEqual(first.json, { through: 'server', moved: 50, left: 0, of: 50, stopped: false })
  const second = await house.hufu('queues', 'move', 'a', '--to', 'b')
  assert.match(second.out, /^150 of 150 moved\n$/)
  const got = await drain(channel, 'b')
  assert.deepEqual(texts(got), numbers(200))
  const { fields, properties } = got[0]!
  assert.deepEqual([fields.exchange, fields.routingKey, fields.redelivered], ['', 'a', false])
  assert.deepEqual([properties.headers, properties.messageId], [{ h: 1 }, 'm'])
  assert.deepEqual(await drain(channel, 'a'), [])
})

test('moved to an exchange a message is routed; without a way it stays in its place', async (t) => {
  const house = await adminHouse(t)
  const channel = await channelOf(house)
  await channel.assertQueue('a', { arguments: { 'x-queue-type': 'quorum' } })
  await channel.assertQueue('b')
  await channel.assertExchange('x', 'direct')
  await channel.bindQueue('b', 'x', 'k')
  await fill(channel, 'a', 5)
  const none = await house.hufu('queues', 'move', 'a', '--to-exchange', 'x', '--json')
  assert.deepEqual([none.code, none.json.moved, none.json.left], [1, 0, 5])
  assert.match(none.json.why, /^message \d+: exchange 'x' has no queue for the key 'a'$/)
  assert.deepEqual(
    (await house.hufu('queues', 'peek', 'a', '--json')).json.messages.map(
      ({ body, attempts }: { body: string; attempts: number }) => [body, attempts],
    ),
    numbers(5).map((each) => [each, 0]),
  )
  const routed = ['--to-exchange', 'x', '--routing-key', 'k', '--limit', '2']
  assert.equal((await house.hufu('queues', 'move', 'a', ...routed)).code, 0)
  const got = await drain(channel, 'b')
  assert.deepEqual(texts(got), ['1', '2'])
  assert.deepEqual([got[0]!.fields.exchange, got[0]!.fields.routingKey], ['x', 'k'])
  assert.deepEqual(texts(await drain(channel, 'a')), ['3', '4', '5'])
})

test('a full queue takes what it can; the rest stays', async (t) => {
  const house = await adminHouse(t)
  const channel = await channelOf(house)
  await channel.assertQueue('a')
  await channel.assertQueue('b', { maxLength: 70, arguments: { 'x-overflow': 'reject-publish' } })
  await fill(channel, 'a', 100)
  const moved = await house.hufu('queues', 'move', 'a', '--to', 'b')
  assert.equal(moved.code, 1)
  assert.match(moved.err, /Cannot move messages of queue 'a': .*; 70 were moved before\n$/)
  assert.deepEqual(texts(await drain(channel, 'b')), numbers(70))
  assert.deepEqual(texts(await drain(channel, 'a')), numbers(30, 71))
})

test('redrive sends dead letters back to the queues where they died', async (t) => {
  const house = await adminHouse(t)
  const channel = await channelOf(house)
  await channel.assertQueue('dead')
  const dead = { deadLetterExchange: '', deadLetterRoutingKey: 'dead' }
  for (const queue of ['a', 'b', 'gone']) {
    await channel.assertQueue(queue, dead)
    await fill(channel, queue, 2)
    for (const message of [await channel.get(queue), await channel.get(queue)]) {
      channel.nack(message as GetMessage, false, false)
    }
  }
  await fill(channel, 'dead', 1)
  await channel.deleteQueue('gone')
  const done = (await house.hufu('queues', 'redrive', 'dead', '--json')).json
  assert.deepEqual([done.moved, done.left, done.of], [4, 3, 7])
  assert.match(done.why, /exchange '' has no queue for the key 'gone'$/)
  const back = await drain(channel, 'a')
  assert.deepEqual(texts(back), ['1', '2'])
  assert.deepEqual([back[0]!.fields.exchange, back[0]!.fields.routingKey], ['', 'a'])
  assert.equal(back[0]!.properties.headers?.['x-death']?.[0]?.count, 1)
  assert.deepEqual(texts(await drain(channel, 'b')), ['1', '2'])
  const rest = await house.hufu('queues', 'redrive', 'dead', '--to', 'b', '--json')
  assert.equal(rest.json.moved, 3)
})

test('with a rate it goes no faster; SIGINT ends it in order, with the number moved', async (t) => {
  const house = await adminHouse(t)
  const channel = await channelOf(house)
  await channel.assertQueue('a')
  await channel.assertQueue('b')
  await fill(channel, 'a', 1_000)
  const begun = performance.now()
  const args = ['queues', 'move', 'a', '--to', 'b', '--rate', '100/s', '--json']
  const { child, said } = house.begin(args)
  for (let moved = 0; moved < 30; ) {
    const [line] = await once(child.stderr!, 'data')
    moved = Number(/(\d+) of 1000/.exec(String(line))![1])
  }
  // A terminal sends it to a process and to the one that started it, which hands it on.
  for (const _ of [1, 2]) child.kill('SIGINT')
  const { code, json, err } = await said
  const seconds = (performance.now() - begun) / 1_000
  assert.match(err, /Stopping: what is under way is ended first/)
  assert.deepEqual([code, json.stopped, json.left], [1, true, 0])
  assert.ok(json.moved >= 30 && json.moved <= 100 * seconds + 10, `${json.moved} in ${seconds} s`)
  const there = texts(await drain(channel, 'b'))
  assert.deepEqual(there, numbers(json.moved))
  assert.deepEqual(texts(await drain(channel, 'a')), numbers(1_000 - json.moved, json.moved + 1))
})

test('when the verb is killed the server stops moving; nothing is lost or doubled', async (t) => {
  const house = await adminHouse(t)
  const channel = await channelOf(house)
  await channel.assertQueue('a')
  await channel.assertQueue('b')
  await fill(channel, 'a', 1_000)
  const { child, said } = house.begin(['queues', 'move', 'a', '--to', 'b', '--rate', '100/s'])
  await once(child.stderr!, 'data')
  child.kill('SIGKILL')
  await said
  const left = async () => (await house.hufu('queues', 'list', '--json')).json.queues[0].ready
  const before = await left()
  assert.equal(await left(), before)
  const all = [...texts(await drain(channel, 'b')), ...texts(await drain(channel, 'a'))]
  assert.deepEqual(all, numbers(1_000))
})

test('a server that stops in order ends a move, and the verb says how far it came', async (t) => {
  const house = await adminHouse(t)
  const channel = await channelOf(house)
  await channel.assertQueue('a')
  await channel.assertQueue('b')
  await fill(channel, 'a', 1_000)
  const { child, said } = house.begin([
    'queues',
    'move',
    'a',
    '--to',
    'b',
    '--rate',
    '50/s',
    '--json',
  ])
  await once(child.stderr!, 'data')
  house.server.kill('SIGTERM')
  const { code, json } = await said
  assert.deepEqual([code, json.stopped], [1, true])
  assert.equal(await house.server.ended(), 0)
  const listed = (await house.hufu('queues', 'list', '--json')).json
  assert.equal(listed.through, 'folder')
  const ready = listed.queues.map((each: { ready: number }) => each.ready)
  assert.deepEqual(ready, [1_000 - json.moved, json.moved])
  await house.start()
})

test('a server that is killed while it moves: each message is in one of both queues', async (t) => {
  const house = await adminHouse(t)
  let channel = await channelOf(house)
  await channel.assertQueue('a')
  await channel.assertQueue('b')
  await fill(channel, 'a', 3_000)
  for (let round = 0; round < 3; round++) {
    const { child, said } = house.begin(['queues', 'move', 'a', '--to', 'b', '--rate', '3000/s'])
    await once(child.stderr!, 'data')
    house.server.kill('SIGKILL')
    const { code, err } = await said
    assert.equal(code, 1)
    assert.match(err, /Cannot say whether queues.move was done: the server has gone/)
    await house.server.ended()
    await house.start()
  }
  channel = await channelOf(house)
  const moved = texts(await drain(channel, 'b'))
  assert.ok(moved.length > 0)
  const all = [...moved, ...texts(await drain(channel, 'a'))]
  assert.deepEqual(all, numbers(3_000))
})
