import assert from 'node:assert/strict'
import { Collector, message, pause } from './collector.ts'
import type { TransportRule } from './transport-rule.ts'

const OK = { ok: true } as const

/** What is published is delivered: to whom, when, how much of it. */
export const DELIVERY_RULES: Readonly<Record<string, TransportRule>> = {
  'each group gets each message once, whole, also if it subscribes later': async (transport) => {
    const sent = message('1', { groups: ['a', 'b'], key: 'k', headers: { h: 'ä' } })
    assert.deepEqual(await transport.publish([sent]), [OK])
    for (const group of ['a', 'b']) {
      const collector = await new Collector().subscribe(transport, { group })
      await collector.noMoreThan(1)
      const { handle, body, redelivered, ...rest } = collector.got[0]!
      const { event, id, key, headers } = sent
      assert.deepEqual(rest, { event, group, id, key: key!, headers, attempts: 0 })
      assert.deepEqual(Buffer.from(body), Buffer.from(sent.body))
      assert.equal(redelivered, false)
      assert.equal(typeof handle, 'number')
    }
  },

  'a message without a key is delivered without one': async (transport) => {
    await transport.publish([message('1')])
    const collector = await new Collector().subscribe(transport)
    await collector.ids(1)
    assert.equal(collector.got[0]!.key, undefined)
  },

  'outcomes stand in the order of the batch; a refusal leaves the others alone': async (
    transport,
  ) => {
    const batch = [message('1'), message('2', { groups: ['nobody declared this'] }), message('3')]
    const [first, second, third] = await transport.publish(batch)
    assert.deepEqual([first, second?.ok, third], [OK, false, OK])
    assert.equal(second?.ok === false && second.retriable, false)
    assert.ok(second?.ok === false && second.code.length > 0 && second.cause.length > 0)
    const collector = await new Collector().subscribe(transport)
    assert.deepEqual((await collector.ids(2)).sort(), ['1', '3'])
  },

  'to declare again what is there changes nothing': async (transport) => {
    await transport.publish([message('1')])
    await transport.declare('e', ['a', 'b', 'c'])
    const collector = await new Collector().subscribe(transport)
    assert.deepEqual(await collector.ids(1), ['1'])
  },

  'two subscriptions of one group share its messages': async (transport) => {
    const one = await new Collector().subscribe(transport, { credit: 5 })
    const two = await new Collector().subscribe(transport, { credit: 5 })
    await transport.publish([...Array(10).keys()].map((n) => message(String(n))))
    await one.ids(5)
    await two.ids(5)
    assert.equal(new Set([...one.got, ...two.got].map((delivery) => delivery.id)).size, 10)
  },

  'credit bounds what is unsettled; it may grow': async (transport) => {
    await transport.publish([...Array(10).keys()].map((n) => message(String(n))))
    const collector = await new Collector().subscribe(transport, { credit: 2 })
    await collector.noMoreThan(2)
    await collector.done(0)
    await collector.noMoreThan(3)
    collector.setCredit(4)
    await collector.done(1)
    await collector.noMoreThan(6)
  },

  'a delayed message does not come before its time (flag delay)': async (transport) => {
    if (!transport.flags.delay) return
    const from = performance.now()
    await transport.publish([message('late', { delayMs: 150 }), message('now')])
    const collector = await new Collector().subscribe(transport)
    assert.deepEqual(await collector.ids(2), ['now', 'late'])
    assert.ok(performance.now() - from >= 150)
  },

  'by key: one unsettled message per key, in order; others flow (flag keyOrder)': async (
    transport,
  ) => {
    if (!transport.flags.keyOrder) return
    const keyed = ['k1', 'k2', 'l1', 'k3'].map((id) => message(id, { key: id[0]! }))
    await transport.publish(keyed)
    const collector = await new Collector().subscribe(transport, { keyOrder: true })
    await collector.noMoreThan(2)
    assert.deepEqual((await collector.ids(2)).sort(), ['k1', 'l1'])
    await collector.done(collector.got.findIndex((delivery) => delivery.id === 'k1'))
    assert.equal((await collector.ids(3))[2], 'k2')
    await collector.done(2)
    assert.equal((await collector.ids(4))[3], 'k3')
  },

  'by key: a message to be retried, or to come later, holds its key (flag keyOrder)': async (
    transport,
  ) => {
    if (!transport.flags.keyOrder) return
    await transport.publish([message('k1', { key: 'k' }), message('k2', { key: 'k' })])
    const collector = await new Collector().subscribe(transport, { keyOrder: true })
    await collector.ids(1)
    await collector.settle(0, { outcome: 'retry', delayMs: 40, cause: 'no' })
    assert.deepEqual(await collector.ids(2), ['k1', 'k1'])
    await collector.settle(1, { outcome: 'later', delayMs: 40 })
    assert.deepEqual(await collector.ids(3), ['k1', 'k1', 'k1'])
    await collector.done(2)
    assert.equal((await collector.ids(4))[3], 'k2')
    await pause(0)
  },
}
