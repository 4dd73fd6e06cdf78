import type { Method, MethodOf } from '@hufu/wire/amqp091'
import {
  decodeMethod,
  FRAME_METHOD,
  methodIdAt,
  methodIdOf,
  PublishView,
  SettleView,
} from '@hufu/wire/amqp091'
import { AmqpError } from './amqp-error.ts'
import type { ChannelHost } from './channel-host.ts'
import { Consuming } from './consuming.ts'
import { ContentReader, type Published } from './content-reader.ts'
import { type FailedMethod, idsOf, NO_METHOD } from './failed-method.ts'
import { FrameLine } from './frame-line.ts'
import { Publishing } from './publishing.ts'
import { REPLY_TO } from './replies.ts'
import { type Declared, declaring, demandMay, nameOr } from './topology-methods.ts'
import { Transaction } from './transaction.ts'

const PUBLISH = methodIdOf('basic.publish')
const ACK = methodIdOf('basic.ack')
const REJECT = methodIdOf('basic.reject')
const NACK = methodIdOf('basic.nack')

const OF_PUBLISH: FailedMethod = { classId: 60, methodId: 40 }
const SETTLING: Readonly<Record<number, FailedMethod>> = {
  [ACK]: { classId: 60, methodId: 80 },
  [REJECT]: { classId: 60, methodId: 90 },
  [NACK]: { classId: 60, methodId: 120 },
}

/** One channel: what comes is dealt with in order, also when a method has to wait for the disk. */
export class Channel {
  readonly #host: ChannelHost & Overseer
  readonly #number: number
  readonly #content: ContentReader
  readonly #consuming: Consuming
  readonly #publishing: Publishing
  readonly #declared: Declared = { queue: '' }
  readonly #view = new PublishView()
  readonly #settleView = new SettleView()
  #transaction: Transaction | undefined
  #state: 'open' | 'closing' | 'over' = 'open'
  #busy = false
  readonly #waiting = new FrameLine()
  /** Of the frame that is dealt with. */
  #method: FailedMethod = NO_METHOD

  constructor(host: ChannelHost & Overseer, number: number) {
    this.#host = host
    this.#number = number
    const { messageBytesMax, flow } = host.parts
    this.#content = new ContentReader(messageBytesMax, host.contents, (bytes) => {
      const reading = flow.reading(bytes, host)
      return () => flow.readingOver(reading)
    })
    this.#consuming = new Consuming(host, number)
    const replyAddress = () => this.#consuming.replyAddress
    const failed = (error: unknown) => this.#host.failed(error, this, OF_PUBLISH)
    this.#publishing = new Publishing(host, number, replyAddress, failed)
  }

  /** Its payload is `bytes` from `start` to `end`, good during the call. */
  frame(type: number, bytes: Uint8Array, start: number, end: number): void {
    if (this.#state === 'closing') return this.#whileClosing(type, bytes.subarray(start, end))
    if (!this.#busy && !this.#host.full) return this.#take(type, bytes, start, end)
    this.#host.pressure.waiting(this.#waiting.add(type, bytes.subarray(start, end)))
  }

  /** It has made a mistake: it is closed, and hears no more until the client says so too. */
  refuse(error: AmqpError, { classId, methodId }: FailedMethod): void {
    if (this.#state !== 'open') return
    this.#leave()
    this.#state = 'closing'
    const told = { replyCode: error.code, replyText: error.message, classId, methodId }
    this.#send({ name: 'channel.close', ...told })
  }

  /** The connection is over. */
  end(): void {
    if (this.#state === 'open') this.#leave()
    this.#state = 'over'
  }

  /** What was published goes to the core. */
  handOver(): void {
    if (this.#state === 'open') this.#publishing.handOver()
  }

  beforeFlush(): void {
    if (this.#state !== 'open') return
    this.#consuming.flush()
    this.#publishing.flush()
  }

  pause(): void {
    this.#consuming.pause()
  }

  resume(): void {
    if (this.#state === 'open') this.#consuming.resume()
    this.goOn()
  }

  #whileClosing(type: number, payload: Uint8Array): void {
    if (type !== FRAME_METHOD) return
    const { name } = decodeMethod(payload)
    if (name === 'channel.close') this.#send({ name: 'channel.close-ok' })
    if (name === 'channel.close-ok') this.#over()
  }

  #take(type: number, bytes: Uint8Array, start: number, end: number): void {
    try {
      if (type !== FRAME_METHOD) this.#contentFrame(type, bytes, start, end)
      else this.#methodFrame(bytes, start, end)
    } catch (error) {
      this.#host.failed(error, this, this.#method)
    }
  }

  #methodFrame(bytes: Uint8Array, start: number, end: number): void {
    if (this.#content.open) throw this.#content.notExpected()
    const id = end - start < 4 ? 0 : methodIdAt(bytes, start)
    if (id === PUBLISH) return this.#begun(bytes, start, end)
    // What came before goes before, and may be found to be wrong.
    this.#publishing.handOver()
    if (this.#state === 'closing')
      return this.#whileClosing(FRAME_METHOD, bytes.subarray(start, end))
    if (this.#state === 'over') return
    if (id === ACK || id === NACK || id === REJECT) return this.#settling(id, bytes, start, end)
    this.#method = idsOf(bytes, start, end)
    const method = decodeMethod(bytes, start, end)
    this.#host.share.worked()
    const replies = this.#quick(method)
    if (replies === 'slow') this.#run(this.#slow(method))
  }

  #begun(bytes: Uint8Array, start: number, end: number): void {
    this.#method = OF_PUBLISH
    const publish = this.#view.read(bytes, start, end)
    if (publish.immediate) throw new AmqpError(540, 'immediate=true')
    this.#content.begin(publish)
  }

  #contentFrame(type: number, bytes: Uint8Array, start: number, end: number): void {
    const published: Published | undefined = this.#content.frame(type, bytes, start, end)
    if (published === undefined) return
    this.#publishing.publish(published, this.#transaction)
    this.#host.share.worked()
  }

  /** What is done at once; `slow`: what has to wait for something. */
  #quick(method: Method): 'slow' | undefined {
    switch (method.name) {
      case 'basic.consume':
        return this.#consume(method)
      case 'basic.cancel':
        return 'slow'
      case 'basic.cancel-ok':
        return undefined
      case 'basic.qos':
        return this.#qos(method)
      case 'basic.recover':
        return this.#recover(method.requeue, true)
      case 'basic.recover-async':
        return this.#recover(method.requeue, false)
      case 'confirm.select':
        return this.#confirmSelect(method.noWait)
      case 'tx.select':
        return this.#txSelect()
      case 'channel.close':
        return this.#close()
      case 'channel.flow':
        if (!method.active) throw new AmqpError(540, 'active=false')
        return this.#send({ name: 'channel.flow-ok', active: true })
      case 'channel.open':
        throw new AmqpError(504, "second 'channel.open' seen")
      case 'access.request':
        return this.#send({ name: 'access.request-ok', ticket: 1 })
      default:
        return 'slow'
    }
  }

  async #slow(method: Method): Promise<void> {
    // It finds what the channel has published before.
    await this.#publishing.told()
    // And the consumer gets it.
    if (method.name === 'basic.cancel') await this.#delivered()
    if (this.#state !== 'open') return
    if (method.name === 'basic.cancel') return this.#cancel(method)
    if (method.name === 'basic.get') {
      const queue = this.#queue(method.queue, 'read')
      return this.#consuming.get(queue, method.noAck)
    }
    if (method.name === 'tx.commit') return this.#commit()
    if (method.name === 'tx.rollback') return this.#rollback()
    const reply = await declaring(this.#host, this.#declared, method)
    // An exclusive queue that came after its connection had gone.
    if (this.#host.gone) this.#host.vhost.connectionLeft(this.#host.number)
    if (reply !== undefined && this.#state === 'open') this.#send(reply)
  }

  /** What is stored by now has been given to those who wait for it. */
  #delivered(): Promise<void> {
    return new Promise((resolve) => this.#host.parts.os.clock.turn(resolve))
  }

  /** The frames behind it wait until it is done. */
  #run(work: Promise<void>): void {
    this.#busy = true
    const method = this.#method
    work
      .catch((error) => {
        if (this.#state === 'open') this.#host.failed(error, this, method)
      })
      .then(() => {
        this.#busy = false
        this.goOn()
      })
      .catch((error) => this.#host.lost(error))
  }

  /** Nothing of it is under way, or waits. */
  get idle(): boolean {
    return !this.#busy && this.#waiting.length === 0
  }

  /** Goes on with what waits, as long as what comes of it gets away. */
  goOn(): void {
    try {
      this.#takeWaiting()
    } catch (error) {
      this.#host.failed(error, this, this.#method)
    }
    if (this.idle) this.#host.idle()
  }

  #takeWaiting(): void {
    while (!this.#busy && !this.#host.full) {
      const frame = this.#waiting.next()
      if (frame === undefined) return
      const { type, payload, bytes } = frame
      this.#host.pressure.waiting(-bytes)
      if (this.#state === 'open') this.#take(type, payload, 0, payload.length)
      else if (this.#state === 'closing') this.#whileClosing(type, payload)
    }
  }

  #settling(id: number, bytes: Uint8Array, start: number, end: number): void {
    this.#method = SETTLING[id]!
    const { deliveryTag, multiple, requeue } = this.#settleView.read(bytes, start, end)
    const outcome = id === ACK ? 'done' : requeue ? 'requeue' : 'reject'
    this.#settle(deliveryTag, multiple, outcome)
  }

  #settle(tag: number, multiple: boolean, outcome: 'done' | 'requeue' | 'reject'): void {
    const taken = this.#consuming.take(tag, multiple)
    const transaction = this.#transaction
    if (transaction === undefined) this.#consuming.settle(taken, outcome)
    else for (const each of taken) transaction.settle(each, { id: each.id, outcome })
  }

  #consume(method: MethodOf<'basic.consume'>): undefined {
    const consumerTag =
      method.queue === REPLY_TO
        ? this.#consuming.consumeReplies(method)
        : this.#consuming.consume(method, this.#queue(method.queue, 'read'))
    if (!method.noWait) this.#send({ name: 'basic.consume-ok', consumerTag })
  }

  #cancel({ consumerTag, noWait }: MethodOf<'basic.cancel'>): undefined {
    this.#consuming.cancel(consumerTag)
    if (!noWait) this.#send({ name: 'basic.cancel-ok', consumerTag })
  }

  #qos({ prefetchSize, prefetchCount, global }: MethodOf<'basic.qos'>): undefined {
    if (prefetchSize !== 0) throw new AmqpError(540, `prefetch_size!=0 (${prefetchSize})`)
    if (global) this.#consuming.channelPrefetch = prefetchCount
    else this.#consuming.prefetch = prefetchCount
    this.#send({ name: 'basic.qos-ok' })
  }

  #recover(requeue: boolean, told: boolean): undefined {
    if (!requeue) throw new AmqpError(540, 'requeue=false')
    this.#consuming.recover()
    if (told) this.#send({ name: 'basic.recover-ok' })
  }

  #confirmSelect(noWait: boolean): undefined {
    if (this.#transaction !== undefined) {
      throw new AmqpError(406, 'cannot switch from tx to confirm mode')
    }
    this.#publishing.confirm()
    if (!noWait) this.#send({ name: 'confirm.select-ok' })
  }

  #txSelect(): undefined {
    if (this.#publishing.confirming) {
      throw new AmqpError(406, 'cannot switch from confirm to tx mode')
    }
    this.#transaction ??= new Transaction(this.#host, (each) =>
      this.#consuming.settledElsewhere(each),
    )
    this.#send({ name: 'tx.select-ok' })
  }

  async #commit(): Promise<void> {
    const transaction = this.#inTransaction()
    const unrouted = await transaction.commit()
    for (const each of unrouted) this.#publishing.giveBack(each)
    this.#send({ name: 'tx.commit-ok' })
  }

  async #rollback(): Promise<void> {
    this.#consuming.putBack(await this.#inTransaction().rollback())
    this.#send({ name: 'tx.rollback-ok' })
  }

  #inTransaction(): Transaction {
    if (this.#transaction !== undefined) return this.#transaction
    throw new AmqpError(406, 'channel is not transactional')
  }

  #queue(name: string, what: 'read') {
    const queue = nameOr(this.#declared, name)
    demandMay(this.#host, what, 'queue', queue)
    return this.#host.vhost.queueOf(this.#host.number, queue)
  }

  #close(): undefined {
    this.#leave()
    this.#send({ name: 'channel.close-ok' })
    this.#over()
  }

  /** What it had goes back; what was not committed is dropped. */
  #leave(): void {
    if (this.#transaction !== undefined) this.#consuming.putBack(this.#transaction.abandon())
    this.#consuming.end()
    this.#publishing.handOver()
    this.#publishing.flush()
    this.#content.drop()
  }

  #over(): void {
    this.#state = 'over'
    this.#host.channelOver(this.#number)
  }

  #send(method: Method): undefined {
    this.#host.out.method(this.#number, method)
    this.#host.changed()
  }
}

/** What a channel tells its connection of itself. */
export interface Overseer {
  failed(error: unknown, channel: Channel, method: FailedMethod): void
  channelOver(number: number): void
}
