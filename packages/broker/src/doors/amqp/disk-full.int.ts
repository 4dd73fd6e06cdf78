import assert from 'node:assert/strict'
import { once } from 'node:events'
import { join } from 'node:path'
import { it, type TestContext } from 'node:test'
import { nodeOs } from '@hufu/os'
import amqplib from 'amqplib'
import { cannotRunHere } from '../../../../../tools/skip.ts'
import { createBroker } from '../../engine/open.ts'
import { mounted } from '../../faults/mount.fixture.ts'
import { openAmqpDoor } from './door.ts'

const KiB = 1024
const LIMITS = { segmentBytesMin: 64 * KiB, segmentBytesMax: 512 * KiB }

/** A door on a disk of 4 MiB; undefined, and said, where there can be none. */
async function smallHouse(t: TestContext) {
  const mount = mounted(t, 4)
  if (typeof mount === 'string') {
    cannotRunHere(t, mount)
    return undefined
  }
  const broker = await createBroker({ dir: join(mount.dir, 'broker'), limits: LIMITS })
  const door = await openAmqpDoor({ broker, net: nodeOs.net, os: nodeOs })
  const { port } = await door.listen({ host: '127.0.0.1', port: 0 })
  const close = async () => {
    await door.close()
    await broker.close()
  }
  return { url: `amqp://guest:guest@127.0.0.1:${port}`, close }
}

it('a full disk blocks publishers, not consumers, and what they sent comes in once there is room', {
  timeout: 60_000,
}, async (t) => {
  const home = await smallHouse(t)
  if (home === undefined) return
  try {
    await fillAndDrain(home.url)
  } finally {
    await home.close()
  }
})

async function fillAndDrain(url: string): Promise<void> {
  const publisher = await amqplib.connect(url)
  const sending = await publisher.createConfirmChannel()
  await sending.assertQueue('q')
  const blocked = once(publisher, 'blocked')
  let [confirmed, nacked, sent] = [0, 0, 0]
  const isBlocked = blocked.then(() => true)
  while (!(await Promise.race([isBlocked, turn()]))) {
    sending.sendToQueue('q', Buffer.alloc(10_000), { persistent: true }, (error) => {
      if (error) nacked++
      else confirmed++
    })
    sent++
  }
  const [reason] = await blocked
  assert.match(String(reason?.reason ?? reason), /no space left/)
  // Its socket is not read from now on: what it sends waits.
  const last = new Promise((resolve) => sending.sendToQueue('q', Buffer.from('last'), {}, resolve))
  sent++

  const unblocked = once(publisher, 'unblocked')
  const consumer = await amqplib.connect(url)
  const taking = await consumer.createChannel()
  const bodies: number[] = []
  const lastCame = new Promise<void>((resolve) => {
    taking.consume('q', (message) => {
      taking.ack(message!)
      bodies.push(message!.content.length)
      if (message!.content.toString() === 'last') resolve()
    })
  })
  await unblocked
  assert.equal(await last, null, 'the last one is confirmed')
  await lastCame
  await sending.waitForConfirms().catch(() => undefined)
  // Each was confirmed or refused, and what was confirmed has come; a refused one has not.
  assert.equal(confirmed + nacked + 1, sent)
  assert.equal(bodies.length, confirmed + 1)
  assert.ok(confirmed > 100, `${confirmed} confirmed`)
  await publisher.close()
  await consumer.close()
}

function turn(): Promise<false> {
  return new Promise((resolve) => setTimeout(resolve, 1, false))
}
