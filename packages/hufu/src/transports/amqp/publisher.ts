import type { ConfirmChannel } from 'amqplib'
import { messageOf } from '../../errors.ts'
import type { Outgoing, PublishOutcome, Refusal } from '../../ports/transport.ts'
import type { Link } from './link.ts'
import type { Settings } from './options.ts'
import { LONGEST_MS, rungOf } from './rungs.ts'
import type { Lack, Topology } from './topology.ts'
import { idOf, propertiesOf } from './wire.ts'

const OK: PublishOutcome = { ok: true }

/** `NOT_FOUND`, as the server ends a channel that publishes to an exchange that is gone. */
const NOT_FOUND = 404

const LOST = 'the connection was lost before it was confirmed'

/** A message and the way it goes. */
interface Routed {
  readonly message: Outgoing
  /** Its queues, the first of them the routing key. */
  readonly queues: readonly string[]
  /** It waits for so long, ms; 0: not at all. */
  readonly rungMs: number
}

/** A confirm channel and what is under way on it. */
interface Lane {
  readonly channel: ConfirmChannel
  /** Messages that came back and are not confirmed yet, by queue and id, and how often. */
  readonly returned: Map<string, number>
  /** Gives up one message each. */
  readonly waiting: Set<() => void>
  /** Why it has ended. */
  ended: string | undefined
}

/** Sends messages and waits for the server's confirms. */
export class Publisher {
  readonly #link: Link
  readonly #topology: Topology
  readonly #settings: Settings
  #lane: Promise<Lane> | undefined
  readonly #underWay = new Set<Promise<unknown>>()

  constructor(link: Link, topology: Topology, settings: Settings) {
    this.#link = link
    this.#topology = topology
    this.#settings = settings
  }

  /**
   * All are written, then all are waited for. Rejects when there is no connection: nothing of the
   * batch was sent then.
   */
  publish(batch: readonly Outgoing[]): Promise<PublishOutcome[]> {
    const sending = this.#publish(batch)
    const settled = sending.catch(() => {}).finally(() => this.#underWay.delete(settled))
    this.#underWay.add(settled)
    return sending
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    await Promise.all(this.#underWay)
  }

  async #publish(batch: readonly Outgoing[]): Promise<PublishOutcome[]> {
    const routed = batch.map((message) => this.#route(message))
    const lacks = await this.#topology.lacking(routed.flatMap(({ queues }) => queues))
    for (const rungMs of new Set(routed.map((each) => each.rungMs))) {
      const lack = rungMs > 0 ? await this.#topology.demandRung(rungMs) : undefined
      if (lack) lacks.set(this.#topology.names.rung(rungMs), lack)
    }
    const lane = await this.#openLane()
    const blocked = this.#link.current?.blocked
    if (blocked !== undefined) throw new Error(`Sending: the server takes no messages: ${blocked}`)
    return this.#inTime(
      lane,
      routed.map((each) => this.#refusal(each, lacks) ?? this.#send(lane, each)),
    )
  }

  #route(message: Outgoing): Routed {
    const { event, groups, delayMs = 0 } = message
    const queues = groups.map((group) => this.#topology.names.queue(event, group))
    return { message, queues, rungMs: delayMs > 0 ? rungOf(delayMs) : 0 }
  }

  /** What need not be sent, as it would be refused. */
  #refusal(routed: Routed, lacks: ReadonlyMap<string, Lack>): PublishOutcome | undefined {
    const { message, queues, rungMs } = routed
    if (queues.length === 0) return OK
    for (const needed of [...queues, this.#topology.names.rung(rungMs)]) {
      const lack = lacks.get(needed)
      if (lack) return refused(lack.code, message, lack.text, lack.retriable)
    }
    const { messageBytesMax } = this.#settings
    const { length } = message.body
    if (length <= messageBytesMax) return undefined
    const text = `${length} bytes, limit ${messageBytesMax}`
    return refused('MESSAGE_TOO_LARGE', message, text, false)
  }

  #send(lane: Lane, routed: Routed): Promise<PublishOutcome> | PublishOutcome {
    const { message, queues, rungMs } = routed
    const [queue, ...others] = queues
    const { names } = this.#topology
    const exchange = rungMs > 0 ? names.rung(rungMs) : names.exchange
    const leftMs = rungMs > 0 ? Math.max(0, message.delayMs! - LONGEST_MS) : 0
    const { promise, resolve } = Promise.withResolvers<PublishOutcome>()
    const giveUp = () => resolve(refused('TIMEOUT', message, 'it was not confirmed in time', true))
    const body = Buffer.from(message.body.buffer, message.body.byteOffset, message.body.length)
    try {
      const properties = propertiesOf(message, others, leftMs)
      lane.channel.publish(exchange, queue!, body, properties, (error) => {
        lane.waiting.delete(giveUp)
        resolve(this.#outcome(lane, routed, error))
      })
      lane.waiting.add(giveUp)
    } catch (error) {
      // Nothing of it is on its way: it cannot be written, or the channel has just ended.
      return refused('NOT_WRITTEN', message, messageOf(error), lane.ended !== undefined)
    }
    return promise
  }

  #outcome(lane: Lane, { message, queues, rungMs }: Routed, error: unknown): PublishOutcome {
    if (error) {
      const code = lane.ended === undefined ? 'NACKED' : 'LOST'
      return refused(code, message, lane.ended ?? messageOf(error), true)
    }
    const queue = queues[0]!
    if (!cameBack(lane, `${queue} ${message.id}`)) return OK
    if (rungMs > 0) this.#topology.forgetAll()
    else this.#topology.forget(queue)
    const gone = rungMs > 0 ? this.#topology.names.rung(rungMs) : queue
    const text = `the queue ${gone} is gone; it is looked for again`
    return refused('UNROUTABLE', message, text, true)
  }

  /** A server that does not confirm in time is left: what it owes counts as refused. */
  async #inTime(
    lane: Lane,
    outcomes: (Promise<PublishOutcome> | PublishOutcome)[],
  ): Promise<PublishOutcome[]> {
    const { os, publishTimeoutMs } = this.#settings
    const timer = os.clock.timer(publishTimeoutMs, () => this.#end(lane))
    const all = await Promise.all(outcomes)
    timer.cancel()
    return all
  }

  #end(lane: Lane): void {
    lane.ended = 'it was not confirmed in time'
    this.#lane = undefined
    for (const giveUp of lane.waiting) giveUp()
    lane.channel.close().catch(() => {})
  }

  async #openLane(): Promise<Lane> {
    // A lost connection must be noticed here: nothing of the batch is sent yet.
    await this.#link.get()
    this.#lane ??= this.#newLane()
    const opening = this.#lane
    try {
      return await opening
    } catch (error) {
      if (this.#lane === opening) this.#lane = undefined
      throw error
    }
  }

  async #newLane(): Promise<Lane> {
    const connected = await this.#link.get()
    const channel = await this.#link.ask(connected, connected.model.createConfirmChannel())
    const lane: Lane = { channel, returned: new Map(), waiting: new Set(), ended: undefined }
    const over = (error?: Error & { code?: unknown }) => {
      if (error?.code === NOT_FOUND) this.#topology.forgetAll()
      if (lane.ended === undefined) this.#lane = undefined
      lane.ended ??= error ? `the server refused to go on: ${messageOf(error)}` : LOST
    }
    channel.on('error', over)
    // Before the confirms that are owed are given up, which is what `close` does first.
    channel.prependListener('close', () => over())
    channel.on('return', (message) => {
      const name = `${message.fields.routingKey} ${idOf(message)}`
      lane.returned.set(name, (lane.returned.get(name) ?? 0) + 1)
    })
    return lane
  }
}

/** Whether the message that is confirmed now came back before. */
function cameBack({ returned }: Lane, name: string): boolean {
  const times = returned.get(name)
  if (times === undefined) return false
  if (times === 1) returned.delete(name)
  else returned.set(name, times - 1)
  return true
}

function refused(code: string, { event, id }: Outgoing, text: string, retriable: boolean): Refusal {
  return { ok: false, code, cause: `Sending ${event} ${id}: ${text}`, retriable }
}
