import assert from 'node:assert/strict'
import type { PreparedHandle, Transport } from '../ports/transport.ts'
import { Collector, message } from './collector.ts'
import type { TransportRule } from './transport-rule.ts'

async function prepare(transport: Transport, id: string, firstMs?: number) {
  const more = firstMs === undefined ? {} : { firstMs, everyMs: firstMs }
  const terms = { transactionId: id, group: 'producers', ...more }
  const outcome = await transport.prepared!.prepare(message(id), terms)
  assert.ok(outcome.ok)
  return outcome.handle
}

/** A rule about half messages; holds by itself where a transport has none. */
function ifPrepared(rule: TransportRule): TransportRule {
  return async (transport) => {
    assert.equal(transport.prepared !== undefined, transport.flags.prepared)
    if (transport.flags.prepared) await rule(transport)
  }
}

export const PREPARED_RULES: Readonly<Record<string, TransportRule>> = {
  'a half message is invisible until committed (flag prepared)': ifPrepared(async (transport) => {
    const collector = await new Collector().subscribe(transport)
    const handle = await prepare(transport, '1')
    await collector.noMoreThan(0)
    assert.deepEqual((await transport.prepared!.decide(handle, 'commit')).outcome, 'commit')
    assert.deepEqual(await collector.ids(1), ['1'])
  }),

  'a repeated word is answered with what was decided (flag prepared)': ifPrepared(
    async (transport) => {
      const collector = await new Collector().subscribe(transport)
      const handle = await prepare(transport, '1')
      await transport.prepared!.decide(handle, 'rollback')
      assert.equal((await transport.prepared!.decide(handle, 'commit')).outcome, 'rollback')
      await collector.noMoreThan(0)
    },
  ),

  'an undecided id is refused with PREPARED_EXISTS (flag prepared)': ifPrepared(
    async (transport) => {
      await prepare(transport, '1')
      const terms = { transactionId: '1', group: 'producers' }
      const outcome = await transport.prepared!.prepare(message('1'), terms)
      assert.equal(!outcome.ok && outcome.code, 'PREPARED_EXISTS')
    },
  ),

  'when the second word does not come a producer is asked, and decides (flag prepared)': ifPrepared(
    async (transport) => {
      const collector = await new Collector().subscribe(transport)
      const asked: PreparedHandle[] = []
      const answering = transport.prepared!.answerChecks('producers', async (handle) => {
        asked.push(handle)
        return asked.length === 1 ? 'unknown' : 'commit'
      })
      const { transactionId, version } = await prepare(transport, '1', 30)
      assert.deepEqual(await collector.ids(1), ['1'])
      answering.close()
      assert.equal(asked.length, 2)
      assert.equal(asked[0]?.transactionId, transactionId)
      assert.equal(asked[0]?.version, version)
    },
  ),
}
