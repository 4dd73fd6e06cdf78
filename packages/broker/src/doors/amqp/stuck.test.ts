import assert from 'node:assert/strict'
import { it } from 'node:test'
import { type Connection, nodeOs } from '@hufu/os'
import {
  decodeMethod,
  FRAME_METHOD,
  FrameReader,
  type Method,
  PROTOCOL_HEADER,
} from '@hufu/wire/amqp091'
import { firstRecords } from '../../auth/login.ts'
import { Passwords } from '../../auth/passwords.ts'
import { World } from '../../engine/world.fixture.ts'
import { openAmqpDoor } from './door.ts'
import {
  CONSUME,
  DECLARE,
  headerPayload,
  methodFrame,
  publishOf,
  rawFrame,
  START_OK,
} from './hostile-client.fixture.ts'

const HEADER = 2
const BODY = 3
const PLACE = { host: '127.0.0.1', port: 5_672 }
const TERMS = { channelMax: 2_047, frameMax: 131_072, heartbeat: 0 }

/** A client in the simulated world. */
class Guest {
  readonly heard: Method['name'][] = []
  over = false
  readonly #connection: Connection

  constructor(connection: Connection) {
    this.#connection = connection
    const reader = new FrameReader(1 << 24, (type, _channel, bytes, start, end) => {
      if (type === FRAME_METHOD) this.heard.push(decodeMethod(bytes, start, end).name)
    })
    connection.start({
      data: (chunk) => reader.feed(chunk),
      drain: () => undefined,
      end: () => undefined,
      close: () => {
        this.over = true
      },
    })
  }

  say(channel: number, ...methods: Method[]): void {
    for (const method of methods) this.#connection.write(methodFrame(channel, method))
  }

  introduce(): void {
    this.#connection.write(PROTOCOL_HEADER)
    const open = { name: 'connection.open', virtualHost: '/' } as const
    const startOk = { ...START_OK, mechanism: 'EXTERNAL', response: Buffer.of() }
    this.say(0, startOk, { name: 'connection.tune-ok', ...TERMS }, open)
    this.say(1, { name: 'channel.open' }, DECLARE)
  }

  publish(body: Uint8Array): void {
    this.say(1, publishOf('q'))
    this.#connection.write(rawFrame(HEADER, 1, headerPayload(body.length)))
    this.#connection.write(rawFrame(BODY, 1, body))
  }

  /** Takes nothing any more of what is sent to it. */
  stopReading(): void {
    this.#connection.pause()
  }

  goOn(): void {
    this.#connection.resume()
  }
}

async function party(seed: number) {
  const world = new World(seed)
  const broker = await world.open()
  // In a time of its own a password would never be checked: the certificate says who it is.
  const password = await new Passwords(nodeOs.random).hash('guest')
  await world.do(broker.records.put(firstRecords(password)))
  const { os } = world
  const door = await world.do(openAmqpDoor({ broker, net: os.net, os }))
  await world.do(door.listen({ ...PLACE, tls: { cert: '', key: '', ca: '' } }))
  const guest = async () => {
    const made = new Guest(await world.do(world.sim.net.connect({ ...PLACE, peerName: 'guest' })))
    made.introduce()
    await world.pass(5_000)
    assert.ok(made.heard.includes('queue.declare-ok'))
    return made
  }
  return { world, broker, guest }
}

/** A consumer that stops reading when it has a lot before it. */
async function stuckConsumer(seed: number) {
  const { world, broker, guest } = await party(seed)
  const [publisher, consumer] = [await guest(), await guest()]
  consumer.stopReading()
  consumer.say(1, CONSUME)
  for (let n = 0; n < 40; n++) publisher.publish(new Uint8Array(100_000))
  await world.pass(20_000)
  return { world, broker, publisher, consumer }
}

it('who takes nothing for two minutes is dropped, its messages are there again', async () => {
  const { world, publisher, consumer } = await stuckConsumer(1)
  assert.ok(world.stats('amqp/%2F/q').unsettled > 0)
  await world.pass(90_000)
  assert.equal(consumer.over, false)
  await world.pass(40_000)
  consumer.goOn()
  await world.pass(5_000)
  assert.equal(consumer.over, true)
  assert.equal(publisher.over, false)
  assert.equal(world.stats('amqp/%2F/q').unsettled, 0)
  assert.equal(world.stats('amqp/%2F/q').ready, 40)
  await world.close()
})

it('one that takes a little now and then stays', async () => {
  const { world, consumer } = await stuckConsumer(2)
  for (let n = 0; n < 6; n++) {
    await world.pass(60_000)
    consumer.goOn()
    await world.pass(3)
    consumer.stopReading()
  }
  assert.equal(consumer.over, false)
  await world.close()
})
