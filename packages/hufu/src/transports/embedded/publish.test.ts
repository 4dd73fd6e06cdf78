import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { BrokerOptions } from '@hufu/broker'
import type { Delivery, Outgoing } from '../../ports/transport.ts'
import { type EmbeddedTransport, embedded } from './embedded.ts'

async function inFolder(
  limits: BrokerOptions['limits'],
  fn: (transport: EmbeddedTransport) => Promise<void>,
) {
  const dir = await mkdtemp(join(tmpdir(), 'hufu-embedded-'))
  const transport = embedded({ dir, ...(limits && { limits }) })
  await transport.open()
  try {
    await transport.declare('e', ['a', 'b'])
    await fn(transport)
  } finally {
    await transport.close()
    await rm(dir, { recursive: true })
  }
}

const message = (id: string, more: Partial<Outgoing> = {}): Outgoing => ({
  event: 'e',
  groups: ['a'],
  id,
  headers: {},
  body: new Uint8Array([1]),
  ...more,
})

/** Ids of the first `count` messages that the group gets. */
function received(transport: EmbeddedTransport, group: string, count: number): Promise<string[]> {
  const ids: string[] = []
  return new Promise((resolve, reject) => {
    const onDeliveries = (batch: Delivery[]) => {
      ids.push(...batch.map(({ id }) => id))
      if (ids.length >= count) resolve(ids)
    }
    const options = { event: 'e', group, credit: 100, keyOrder: false, onEnd: reject }
    transport.subscribe({ ...options, onDeliveries }).catch(reject)
  })
}

test('messages of one batch keep their order, whichever way they go', () =>
  inFolder({}, async (transport) => {
    const batch = [
      message('1'),
      message('2'),
      message('3', { groups: ['a', 'b'] }),
      message('4', { groups: [] }),
      message('5', { groups: ['b'] }),
      message('6', { body: new Uint8Array(800_000) }),
      message('7', { body: new Uint8Array(800_000) }),
    ]
    const outcomes = await transport.publish(batch)
    assert.deepEqual(
      outcomes,
      batch.map(() => ({ ok: true })),
    )
    assert.deepEqual(await received(transport, 'a', 5), ['1', '2', '3', '6', '7'])
    assert.deepEqual(await received(transport, 'b', 2), ['3', '5'])
  }))

test('one message that cannot be taken does not take its neighbours with it', () =>
  inFolder({ messageBytesMax: 1_000 }, async (transport) => {
    const big = message('2', { body: new Uint8Array(2_000) })
    const outcomes = await transport.publish([message('1'), big, message('3')])
    assert.deepEqual(
      outcomes.map(({ ok }) => ok),
      [true, false, true],
    )
    assert.deepEqual(await received(transport, 'a', 2), ['1', '3'])
  }))
