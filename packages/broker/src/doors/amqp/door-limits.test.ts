import assert from 'node:assert/strict'
import { test } from 'node:test'
import { simulatedOs } from '@hufu/os/simulated'
import { Doorkeeper, MESSAGE_BYTES_MAX, offered, wrongLimit } from './door-limits.ts'

type Visitor = Parameters<Doorkeeper['refusal']>[0]

const visitor = (host: string, loopback = false) =>
  ({ remote: { host, port: 1 }, loopback }) as Visitor

test('limits that are none, or too much, are named', () => {
  assert.equal(wrongLimit({}), undefined)
  assert.equal(wrongLimit({ connectionsMax: 1, heartbeatS: 0 }), undefined)
  assert.match(wrongLimit({ channelsMax: 0 })!, /^channelsMax is 0, not a whole number from 1 to/)
  assert.match(wrongLimit({ frameBytesMax: 4_096 })!, /^frameBytesMax is 4096/)
  assert.match(wrongLimit({ messageBytesMax: MESSAGE_BYTES_MAX * 4 })!, /^messageBytesMax/)
  assert.deepEqual(offered({ heartbeatS: 5 }), {
    channelMax: 2_047,
    frameMax: 131_072,
    heartbeat: 5,
  })
})

test('an address has so many connections at a time; this machine has as many as it likes', () => {
  const keeper = new Doorkeeper({ connectionsPerAddressMax: 2 }, simulatedOs({ seed: 1 }).os.clock)
  assert.equal(keeper.refusal(visitor('10.0.0.1')), undefined)
  assert.equal(keeper.refusal(visitor('10.0.0.1')), undefined)
  assert.equal(keeper.refusal(visitor('10.0.0.1')), '10.0.0.1 has 2 connections, its limit')
  assert.equal(keeper.refusal(visitor('10.0.0.2')), undefined)
  for (let n = 0; n < 5; n++) assert.equal(keeper.refusal(visitor('127.0.0.1', true)), undefined)
  keeper.left(visitor('10.0.0.1'))
  assert.equal(keeper.refusal(visitor('10.0.0.1')), undefined)
})

test('an address opens so many connections in a second', async () => {
  const sim = simulatedOs({ seed: 1 })
  const keeper = new Doorkeeper({ connectionRateMax: 10 }, sim.os.clock)
  const taken = () => {
    let count = 0
    while (keeper.refusal(visitor('10.0.0.1')) === undefined) count++
    for (let n = 0; n < count; n++) keeper.left(visitor('10.0.0.1'))
    return count
  }
  assert.equal(taken(), 10)
  assert.equal(keeper.refusal(visitor('10.0.0.1')), '10.0.0.1 opens more than 10 in a second')
  await sim.runFor(500)
  assert.equal(taken(), 5)
  await sim.runFor(60_000)
  assert.equal(taken(), 10)
})

test('of all connections one more than the limit is told 530', () => {
  const keeper = new Doorkeeper({ connectionsMax: 1 }, simulatedOs({ seed: 1 }).os.clock)
  keeper.entered()
  const message = /connection refused: node connection limit \(1\) is reached/
  assert.throws(() => keeper.entered(), { code: 530, message })
  keeper.gone()
  keeper.entered()
})
