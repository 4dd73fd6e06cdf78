import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nodeOs } from '@hufu/os'
import { PublishFlow, weightOf } from './publish-flow.ts'
import { TurnShare } from './turn-share.ts'

const MiB = 1 << 20

/** Counts what it is told. */
class Sender {
  held = false

  hold(): void {
    this.held = true
  }

  release(): void {
    this.held = false
  }
}

const body = new Uint8Array(0)

test('a small message to many queues weighs what they cost', () => {
  const one = weightOf({ body, queues: ['q'] })
  const queues = Array.from({ length: 1_500 }, (_, n) => `q${n}`)
  assert.ok(one >= 100, `${one}`)
  assert.ok(weightOf({ body, queues }) > 500 * one)
  assert.equal(weightOf({ body: new Uint8Array(1_000), queues: ['q'] }), one + 1_000)
})

test('who has too much on its way is held, the others are not, until it is half as much', () => {
  const flow = new PublishFlow()
  const [loud, quiet] = [new Sender(), new Sender()]
  for (const [bytes, sender] of [
    [2 * MiB + 1, loud],
    [1_000, quiet],
  ] as const) {
    flow.add(bytes, sender)
    assert.ok(flow.admit(bytes, () => undefined))
  }
  assert.deepEqual([loud.held, quiet.held], [true, false])
  flow.done(MiB / 2, loud)
  assert.equal(loud.held, true)
  flow.done(MiB, loud)
  assert.equal(loud.held, false)
})

test('what all have on its way is limited too', () => {
  const flow = new PublishFlow()
  const senders = Array.from({ length: 26 }, () => new Sender())
  for (const sender of senders) {
    flow.add(MiB, sender)
    flow.admit(MiB, () => undefined)
  }
  assert.deepEqual(
    senders.map(({ held }) => held),
    senders.map((_, at) => at >= 24),
  )
  for (const sender of senders.slice(0, 14)) flow.done(MiB, sender)
  assert.ok(senders.every(({ held }) => !held))
})

test('the core gets what it has room for; the rest follows in turn, the largest alone', () => {
  const flow = new PublishFlow()
  const sender = new Sender()
  const went: number[] = []
  const hand = (bytes: number) => {
    flow.add(bytes, sender)
    if (flow.admit(bytes, () => went.push(bytes))) went.push(bytes)
  }
  for (const mebibytes of [16, 8, 1, 40, 2]) hand(mebibytes * MiB)
  assert.deepEqual(went.splice(0), [16 * MiB, 8 * MiB])
  flow.done(8 * MiB, sender)
  assert.deepEqual(went.splice(0), [MiB])
  flow.done(16 * MiB, sender)
  assert.deepEqual(went.splice(0), [])
  flow.done(MiB, sender)
  assert.deepEqual(went.splice(0), [40 * MiB])
  flow.done(40 * MiB, sender)
  assert.deepEqual(went.splice(0), [2 * MiB])
  flow.done(2 * MiB, sender)
  assert.equal(sender.held, false)
})

test('large bodies are read as far as there is room; who is at one goes on', () => {
  const flow = new PublishFlow()
  const [first, second, third] = [new Sender(), new Sender(), new Sender()]
  const [a, b] = [flow.reading(200 * MiB, first), flow.reading(100 * MiB, second)]
  const [c, d] = [flow.reading(MiB, third), flow.reading(200 * MiB, first)]
  assert.deepEqual([first.held, second.held, third.held], [false, true, true])
  flow.readingOver(a)
  assert.deepEqual([second.held, third.held], [true, true])
  // What has been read is on its way to the disk, and counts on.
  flow.add(200 * MiB, first)
  flow.admit(200 * MiB, () => undefined)
  flow.readingOver(d)
  assert.deepEqual([second.held, third.held], [true, true])
  flow.done(200 * MiB, first)
  assert.deepEqual([second.held, third.held], [false, false])
  flow.readingOver(b)
  flow.readingOver(c)
})

test('who goes away while it waits to be read waits no more', () => {
  const flow = new PublishFlow()
  const [first, second, third] = [new Sender(), new Sender(), new Sender()]
  const all = [first, second, third].map((sender) => flow.reading(200 * MiB, sender))
  flow.readingOver(all[1]!)
  assert.deepEqual([second.held, third.held], [false, true])
  flow.readingOver(all[0]!)
  assert.equal(third.held, false)
})

test('a share that was stopped rests until the turn after it may go on', async () => {
  const told = Promise.withResolvers<void>()
  const share = new TurnShare(nodeOs.clock, () => told.resolve())
  share.begin(nodeOs.clock.mono())
  assert.equal(share.resting, false)
  share.stop()
  assert.equal(share.resting, true)
  share.goOn()
  assert.equal(share.resting, true)
  await told.promise
  assert.equal(share.resting, false)
})
