import assert from 'node:assert/strict'
import { Collector, message } from './collector.ts'
import type { TransportRule } from './transport-rule.ts'

/** What a consumer says of its deliveries, and what follows from saying nothing. */
export const SETTLE_RULES: Readonly<Record<string, TransportRule>> = {
  'what is done does not come again': async (transport) => {
    await transport.publish([message('1'), message('2')])
    const first = await new Collector().subscribe(transport)
    await first.ids(2)
    await first.done(0, 1)
    await first.close()
    const second = await new Collector().subscribe(transport)
    await second.noMoreThan(0)
  },

  'what was not settled when its subscription closed comes again, marked': async (transport) => {
    await transport.publish([message('1'), message('2')])
    const first = await new Collector().subscribe(transport)
    await first.ids(2)
    await first.done(first.got.findIndex((delivery) => delivery.id === '1'))
    await first.close()
    const second = await new Collector().subscribe(transport)
    await second.noMoreThan(1)
    const { id, redelivered, attempts } = second.got[0]!
    assert.deepEqual({ id, redelivered, attempts }, { id: '2', redelivered: true, attempts: 0 })
  },

  'a retry comes after its delay, with one attempt more (flag attempts)': async (transport) => {
    await transport.publish([message('1')])
    const collector = await new Collector().subscribe(transport)
    await collector.ids(1)
    for (const failures of [1, 2]) {
      const from = performance.now()
      await collector.settle(failures - 1, { outcome: 'retry', delayMs: 60, cause: 'broken' })
      await collector.ids(failures + 1)
      assert.ok(performance.now() - from >= 60)
      const { attempts, redelivered } = collector.got[failures]!
      assert.equal(redelivered, true)
      if (transport.flags.attempts) assert.equal(attempts, failures)
    }
  },

  'later comes after its delay, with no attempt more': async (transport) => {
    await transport.publish([message('1')])
    const collector = await new Collector().subscribe(transport)
    await collector.ids(1)
    const from = performance.now()
    await collector.settle(0, { outcome: 'later', delayMs: 60 })
    await collector.ids(2)
    assert.ok(performance.now() - from >= 60)
    assert.equal(collector.got[1]!.attempts, 0)
  },

  'to settle twice, or what was never delivered, changes nothing': async (transport) => {
    await transport.publish([message('1')])
    const collector = await new Collector().subscribe(transport)
    await collector.ids(1)
    await collector.done(0)
    await collector.settle(0, { outcome: 'retry', delayMs: 0, cause: 'too late' })
    await collector.noMoreThan(1)
  },
}
