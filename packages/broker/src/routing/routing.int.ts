import assert from 'node:assert/strict'
import { test } from 'node:test'
import { randomBelow } from '@hufu/os'
import { SeededRandom } from '@hufu/os/simulated'
import amqplib, { type ConfirmChannel } from 'amqplib'
import { shared } from '../../../../tools/services/for-test.ts'
import type { Binding, Exchange } from './exchange.ts'
import { Routing } from './routing.ts'
import { exchangeOf, tableOf } from './world.fixture.ts'

const FIRST_SEED = Number(process.env.HUFU_SEED ?? 1)
const WORLDS = Number(process.env.HUFU_WORLDS ?? 20)
const MESSAGES = 40

type Headers = Record<string, unknown>

interface Message {
  readonly exchange: string
  readonly keys: readonly string[]
  readonly headers: Headers
}

const pick = <T>(random: SeededRandom, from: readonly T[]): T => {
  return from[randomBelow(random, from.length)]!
}

const TYPES: readonly Exchange['type'][] = ['direct', 'fanout', 'topic', 'headers']
const MODES = [undefined, 'all', 'any', 'all-with-x', 'any-with-x']
const VALUES = [1, 2, 'a', true, null, { '!': 'double', value: 1 }, [1, 'a']]

/** Up to three fields, as amqplib takes them. */
function someHeaders(random: SeededRandom): Headers {
  const names = ['a', 'b', 'x-c'].filter(() => randomBelow(random, 2) === 0)
  return Object.fromEntries(names.map((name) => [name, pick(random, VALUES)]))
}

function someKey(random: SeededRandom, words: readonly string[]): string {
  return Array.from({ length: randomBelow(random, 4) }, () => pick(random, words)).join('.')
}

/** One set of exchanges, queues and bindings, made on both sides alike. */
class World {
  readonly routing = new Routing('/')
  readonly #random: SeededRandom
  readonly #channel: ConfirmChannel
  readonly #exchanges: string[]
  readonly #queues: string[]
  readonly #arguments = new Map<Binding, Headers>()

  constructor(seed: number, channel: ConfirmChannel) {
    this.#random = new SeededRandom(seed)
    this.#channel = channel
    this.#exchanges = [1, 2, 3, 4].map((n) => `x${seed}.${n}`)
    this.#queues = [1, 2, 3, 4, 5].map((n) => `q${seed}.${n}`)
  }

  async build(): Promise<void> {
    const random = this.#random
    for (const name of this.#exchanges) {
      const values = randomBelow(random, 2) ? {} : { 'alternate-exchange': this.#exchange() }
      const type = pick(random, TYPES)
      await this.#channel.assertExchange(name, type, { durable: false, arguments: values })
      this.routing.addExchange(exchangeOf(name, type, { arguments: tableOf(values) }))
    }
    for (const name of this.#queues) {
      await this.#channel.assertQueue(name, { exclusive: true })
      this.routing.addQueue(name)
    }
    for (let i = 0; i < 15; i++) await this.#bind()
    for (const binding of this.routing.bindings()) {
      if (randomBelow(random, 5) === 0) await this.#unbind(binding)
    }
  }

  someMessage(): Message {
    const random = this.#random
    const count = randomBelow(random, 4) === 0 ? 2 : 1
    const keys = Array.from({ length: count }, () => someKey(random, ['a', 'b', 'c']))
    return { exchange: this.#exchange(), keys, headers: someHeaders(random) }
  }

  send({ exchange, keys, headers }: Message, id: string): void {
    const [key = '', ...more] = keys
    const all = more.length === 0 ? headers : { ...headers, CC: more }
    this.#channel.publish(exchange, key, Buffer.alloc(0), { headers: all, messageId: id })
  }

  /** Which queues have which messages, on the real server. */
  async collected(): Promise<Map<string, string[]>> {
    const found = new Map<string, string[]>()
    for (const queue of this.#queues) {
      for (;;) {
        const message = await this.#channel.get(queue, { noAck: true })
        if (message === false) break
        const id = String(message.properties.messageId)
        found.set(id, [...(found.get(id) ?? []), queue])
      }
    }
    return found
  }

  async remove(): Promise<void> {
    for (const name of this.#queues) await this.#channel.deleteQueue(name)
    for (const name of this.#exchanges) await this.#channel.deleteExchange(name)
  }

  async #bind(): Promise<void> {
    const random = this.#random
    const source = this.#exchange()
    const key = someKey(random, ['a', 'b', '*', '#'])
    const mode = pick(random, MODES)
    const headers = { ...someHeaders(random), ...(mode === undefined ? {} : { 'x-match': mode }) }
    const toQueue = randomBelow(random, 3) > 0
    const name = toQueue ? pick(random, this.#queues) : this.#exchange()
    if (toQueue) await this.#channel.bindQueue(name, source, key, headers)
    else await this.#channel.bindExchange(name, source, key, headers)
    const destination = { kind: toQueue ? 'queue' : 'exchange', name } as const
    const binding: Binding = { source, destination, key, arguments: fieldsOf(headers) }
    if (this.routing.bind(binding)) this.#arguments.set(binding, headers)
  }

  async #unbind(binding: Binding): Promise<void> {
    const { source, destination, key } = binding
    const headers = this.#arguments.get(binding)
    if (destination.kind === 'queue') {
      await this.#channel.unbindQueue(destination.name, source, key, headers)
    } else {
      await this.#channel.unbindExchange(destination.name, source, key, headers)
    }
    assert.equal(this.routing.unbind(binding).bindings.length, 1)
  }

  #exchange(): string {
    return pick(this.#random, this.#exchanges)
  }
}

/** The fields that a table of amqplib becomes. */
function fieldsOf(headers: Headers) {
  const entries = Object.entries(headers).map(([name, value]) => {
    if (Array.isArray(value)) {
      return [name, { type: 'A', value: [...tableOf({ ...value }).values()] }]
    }
    const isDouble = typeof value === 'object' && value !== null
    return [name, isDouble ? { ...value, type: 'd' } : value]
  })
  return tableOf(Object.fromEntries(entries))
}

test('random exchanges, bindings and messages: RabbitMQ routes in the same way', async (t) => {
  const url = await shared(t, 'rabbitmq')
  if (url === undefined) return
  const connection = await amqplib.connect(url)
  t.after(() => connection.close())
  const channel = await connection.createConfirmChannel()
  for (let seed = FIRST_SEED; seed < FIRST_SEED + WORLDS; seed++) {
    const world = new World(seed, channel)
    await world.build()
    const messages = Array.from({ length: MESSAGES }, () => world.someMessage())
    for (const [id, message] of messages.entries()) world.send(message, String(id))
    await channel.waitForConfirms()
    const collected = await world.collected()
    for (const [id, message] of messages.entries()) {
      const queues = new Set<string>()
      const { exchange, keys, headers } = message
      world.routing.routeOf(exchange, keys, () => fieldsOf(headers), queues)
      const expected = collected.get(String(id)) ?? []
      const what = `HUFU_SEED=${seed} HUFU_WORLDS=1, ${JSON.stringify(message)}`
      assert.deepEqual([...queues].sort(), expected, what)
    }
    await world.remove()
  }
})
