import { setTimeout as passed } from 'node:timers/promises'
import { treeCpuUs } from '../process-usage.ts'
import { Client } from './client.ts'
import { Consumer } from './consumer.ts'
import { Publishes } from './frames.ts'
import { Latency } from './latency.ts'
import type { Driven, Load } from './load.ts'
import { UNDER_WAY_MAX } from './load.ts'
import { Publisher } from './publisher.ts'
import { layOut, type Queues } from './queues.ts'

const WARM_S = 1

/** Runs a load in this process. */
export async function drive(load: Load): Promise<Driven> {
  const queues = await layOut(load)
  const driver = new Driver(load, queues)
  try {
    return await driver.run()
  } finally {
    driver.close()
    await queues.remove()
  }
}

class Driver {
  readonly #load: Load
  readonly #queues: Queues
  readonly #publishers: Publisher[] = []
  readonly #consumers: Consumer[] = []
  readonly #confirm = new Latency()
  readonly #endToEnd = new Latency()
  #published = 0
  #consumed = 0
  /** A publisher found no room. */
  #held = false
  #over = false

  constructor(load: Load, queues: Queues) {
    this.#load = load
    this.#queues = queues
  }

  async run(): Promise<Driven> {
    const { url, publishers, consumers, seconds } = this.#load
    for (let n = 0; n < consumers; n++) await this.#consume(await Client.connect(url), n)
    const clients = []
    for (let n = 0; n < publishers; n++) clients.push(await Client.connect(url))
    for (const client of clients) await this.#publisher(client)
    this.#begin()
    await passed(Math.min(WARM_S, seconds) * 1_000)
    this.#confirm.reset()
    this.#endToEnd.reset()
    const before = this.#figures()
    await passed(seconds * 1_000)
    return this.#driven(before, this.#figures())
  }

  close(): void {
    this.#over = true
    for (const each of [...this.#publishers, ...this.#consumers]) each.close()
  }

  async #consume(client: Client, n: number): Promise<void> {
    const { prefetch, noAck, perSecond } = this.#load
    const consumer = new Consumer(client)
    this.#consumers.push(consumer)
    const onTurn = (count: number) => this.#onConsumed(count)
    const onBody = (publisher: number, number: number) => {
      this.#endToEnd.add(performance.now() - this.#publishers[publisher]!.sentAt(number))
    }
    const queue = this.#queues.names[n % this.#queues.names.length]!
    const taking = { queue, prefetch, noAck, onTurn }
    await consumer.start(perSecond > 0 ? { ...taking, onBody } : taking)
  }

  #onConsumed(count: number): void {
    this.#consumed += count
    if (!this.#held) return
    this.#held = false
    for (const publisher of this.#publishers) publisher.pump()
  }

  async #publisher(client: Client): Promise<void> {
    const { window, bytes, persistent } = this.#load
    if (window > 0)
      await client.call({ name: 'confirm.select', noWait: false }, 'confirm.select-ok')
    const publishes = new Publishes({ ...this.#queues.address, bytes, persistent })
    const room = { room: () => this.#room(), sent: (count: number) => this.#sent(count) }
    this.#publishers.push(new Publisher(client, publishes, window, room, this.#confirm))
  }

  #room(): number {
    if (this.#load.consumers === 0) return Number.POSITIVE_INFINITY
    const underWay = this.#published - this.#consumed / this.#queues.names.length
    const room = Math.floor(UNDER_WAY_MAX - underWay)
    if (room <= 0) this.#held = true
    return room
  }

  #sent(count: number): void {
    this.#published += count
  }

  #begin(): void {
    if (this.#load.perSecond > 0) {
      for (const publisher of this.#publishers) publisher.openLoop()
      this.#pace(performance.now(), 0)
      return
    }
    for (const publisher of this.#publishers) {
      publisher.closedLoop()
      publisher.pump()
    }
  }

  /** What is due, shared among the publishers; again with the next tick. */
  #pace(started: number, sent: number): void {
    if (this.#over) return
    const wanted = Math.floor(((performance.now() - started) * this.#load.perSecond) / 1_000)
    const { length } = this.#publishers
    for (const [n, publisher] of this.#publishers.entries()) {
      const share = Math.floor((wanted + n) / length) - Math.floor((sent + n) / length)
      if (share > 0) publisher.send(share, n)
    }
    setTimeout(() => this.#pace(started, wanted), 1)
  }

  #figures() {
    const { user, system } = process.cpuUsage()
    const confirmed = this.#publishers.reduce((sum, each) => sum + each.confirmed, 0)
    return {
      at: performance.now(),
      count: this.#load.consumers > 0 ? this.#consumed : confirmed,
      serverUs: treeCpuUs(this.#load.pid),
      driverUs: user + system,
    }
  }

  #driven(before: Figures, after: Figures): Driven {
    const count = after.count - before.count
    if (count === 0) throw new Error('no message came through')
    const confirm = this.#confirm.percentiles()
    const endToEnd = this.#endToEnd.percentiles()
    return {
      perSecond: (count * 1_000) / (after.at - before.at),
      serverUs: (after.serverUs - before.serverUs) / count,
      driverUs: (after.driverUs - before.driverUs) / count,
      ...(confirm && { confirm }),
      ...(endToEnd && { endToEnd }),
    }
  }
}

interface Figures {
  readonly at: number
  readonly count: number
  readonly serverUs: number
  readonly driverUs: number
}
