import type { Broker, Delivery, Peeked, PublishRequest, Settlement } from '@hufu/broker'
import { BrokerError } from '@hufu/broker'
import type { Dice } from '../plan/dice.ts'
import type { MessageStep, Setting, Step } from '../plan/step.ts'
import type { Findings } from '../world/findings.ts'
import type { Machine } from '../world/machine.ts'
import type { Marks } from '../world/marks.ts'
import { BackupWorkload } from './backups.ts'
import { BatchWorkload } from './batches.ts'
import { ChangeWorkload } from './changes.ts'
import type { Consumer, Held, Sender } from './consumer.ts'
import { checkContents } from './contents.ts'
import type { Copy, Group, Sent } from './copy.ts'
import { HalfWorkload } from './halves.ts'
import { DirectModel, type Now } from './model.ts'
import { PublisherWorkload } from './publishers.ts'
import { CHANGING, fateOf, QUEUES, routerOf, SHORT_READY_MAX } from './queues.ts'
import { RecordWorkload } from './records.ts'

/** Codes that a promise of the broker may always end with. */
const REFUSALS = ['QUEUE_FULL', 'LOG_FULL', 'LOG_FAILED', 'CLOSED', 'SUBSCRIPTION_CLOSED']

/** Contents are looked at so often until nothing has moved meanwhile. */
const LOOKS_MAX = 1_000

type Of<K extends Step['kind']> = Extract<Step, { kind: K }>

/** Messages published to the broker and consumed from it, without the library. */
export class DirectWorkload implements Sender {
  readonly model: DirectModel
  readonly batches: BatchWorkload
  readonly halves: HalfWorkload
  readonly publishers: PublisherWorkload
  readonly records: RecordWorkload
  readonly backups: BackupWorkload
  readonly changes: ChangeWorkload
  /** From now on consumers settle all as done. */
  healed = false
  readonly #machine: Machine
  readonly #findings: Findings
  readonly #marks: Marks
  readonly #setting: Setting
  readonly #dice: Dice
  #consumers: Consumer[] = []
  #numbers = 0

  constructor(machine: Machine, setting: Setting, dice: Dice, findings: Findings, marks: Marks) {
    this.#machine = machine
    this.#setting = setting
    this.#dice = dice
    this.#findings = findings
    this.#marks = marks
    this.model = new DirectModel(findings, marks, (token) => fateOf(dice, token) === 'drop')
    this.batches = new BatchWorkload(machine, this, marks)
    this.halves = new HalfWorkload(machine, this, dice, findings, marks)
    this.publishers = new PublisherWorkload(machine, this, findings, marks)
    this.records = new RecordWorkload(machine, this, findings, marks)
    this.changes = new ChangeWorkload(machine, this, findings, marks)
    this.backups = new BackupWorkload(machine, this, setting.limits, findings, marks)
  }

  /** Once the process is up: the queues are there, and hold what was promised. */
  async begin(): Promise<void> {
    this.#consumers = []
    this.publishers.begin()
    this.records.begin()
    this.model.begin()
    const { broker } = this.#machine
    broker.setDeadLetterRouter(routerOf(this.#dice, this.#marks))
    for (const { name, options } of QUEUES) {
      if (name === CHANGING) await this.changes.begin()
      else
        await this.#machine.do(broker.declareQueue(name, options)).catch((error) => {
          this.expected('declareQueue', error)
        })
    }
  }

  publish(step: MessageStep, number: number): void {
    const token = `m${number}`
    const { sent, request } = this.message(step, token)
    this.#machine.broker.publish(request).then(
      (id) => {
        this.#machine.sim.trace.add(`confirmed ${token} ${id}`)
        this.model.confirm(sent, id)
      },
      (error) => {
        if (this.expected('publish', error) !== 'LOG_FAILED') sent.refused = true
      },
    )
  }

  /** A message, known to the model, and the request that publishes it. */
  message(
    { queues, bytes, key, delayMs, expiresMs, priority }: MessageStep,
    token: string,
    group?: Group,
  ): { sent: Sent; request: PublishRequest } {
    const body = bodyOf(token, bytes)
    const properties = Buffer.from(token)
    const request = {
      queues,
      body,
      properties,
      ...(key !== undefined && { key }),
      ...(delayMs !== undefined && { delayMs }),
      ...(expiresMs !== undefined && { expiresMs }),
      ...(priority !== undefined && { priority }),
    }
    return { sent: this.model.send(token, request, this.now(), group), request }
  }

  /** Up to `count` deliveries that one consumer holds; undefined when nobody holds any. */
  heldBy(count: number): Held | undefined {
    if (count === 0) return undefined
    for (const consumer of this.#consumers) {
      const held = [...this.model.copies.values()].filter(({ holder }) => {
        return holder?.consumer === consumer.number && holder.life === this.#machine.life
      })
      const named = held.flatMap((copy) => {
        const id = consumer.queue === copy.queue ? copy.sent.id : copy.deadId
        return id === undefined ? [] : [{ copy, id }]
      })
      if (named.length > 0) return { consumer, held: named.slice(0, count) }
    }
    return undefined
  }

  subscribe({ queue, credit }: Of<'subscribe'>): void {
    this.#consumerOf(queue, credit)
  }

  #consumerOf(queue: string, credit: number): Consumer {
    const number = ++this.#numbers
    const { broker, life } = this.#machine
    const options = { credit, keyOrder: queue === 'ordered' }
    const subscription = broker.subscribe(queue, options, (batch) => {
      this.#consume(consumer, batch)
    })
    const consumer: Consumer = { number, queue, life, subscription, closed: false }
    this.#consumers.push(consumer)
    return consumer
  }

  /** A consumer asks for messages one by one. */
  pull({ queue, count }: Of<'pull'>): void {
    const consumer = this.#consumerOf(queue, 0)
    for (let at = 0; at < count; at++) {
      consumer.subscription.pull().then(
        (delivery) => {
          this.#marks.add(delivery === undefined ? 'pulledNone' : 'pulled')
          if (delivery === undefined) return
          if (!consumer.closed) return this.#consume(consumer, [delivery])
          // The subscription was closed in the moment in which the broker gave it.
          const copy = this.model.copyOf(delivery)
          if (copy !== undefined) this.model.neverSeen(copy)
        },
        (error) => this.expected('pull', error),
      )
    }
  }

  purge(queue: string): void {
    const { broker, uncleanEnds } = this.#machine
    const purge = this.model.purging(queue, uncleanEnds)
    broker.purge(queue).then(
      (count) => {
        this.#machine.sim.trace.add(`purged ${queue} ${count}`)
        this.model.purged(purge, count)
      },
      (error) => this.expected('purge', error),
    )
  }

  unsubscribe(queue: string): void {
    for (const consumer of this.#consumers) {
      if (consumer.queue !== queue || consumer.closed) continue
      consumer.closed = true
      const counted = this.model.released(consumer.number, consumer.life)
      consumer.subscription.close().then(
        () => {
          for (const copy of counted) copy.failuresConfirmed++
        },
        (error) => this.expected('close', error),
      )
    }
    this.#consumers = this.#consumers.filter(({ closed }) => !closed)
  }

  /** The process has ended without a word. */
  cutOff(): void {
    this.model.cutOff(this.#machine.life)
    this.halves.left()
  }

  /** Before an orderly stop: consumers say nothing any more. */
  closing(): void {
    this.halves.left()
    for (const consumer of this.#consumers) {
      consumer.closed = true
      this.model.released(consumer.number, consumer.life)
    }
  }

  resolve({ queue, pick, action }: Of<'resolve'>): void {
    const able = [...this.model.copies.values()].filter((copy) => {
      const { id, confirmed } = copy.sent
      const here = copy.queue === queue && copy.deadId === undefined
      return here && confirmed && id !== undefined && copy.gone === 'no' && !copy.holder
    })
    const copy = able[pick % Math.max(1, able.length)]
    if (copy !== undefined) this.#resolveOne(copy, queue, copy.sent.id!, action)
  }

  #resolveOne(copy: Copy, queue: string, id: number, action: 'deliver' | 'remove'): void {
    this.model.resolving(copy, action)
    this.#machine.broker.resolve(queue, id, action).then(
      (found) => this.model.resolved(copy, action, found),
      (error) => this.expected('resolve', error),
    )
  }

  /** All that is in the broker, compared with what must be. Nothing may be under way. */
  async check(): Promise<void> {
    const { sim } = this.#machine
    const found = await this.contentsOf(this.#machine.broker)
    if (found === undefined) return
    const lines = found.map((one) => `${one.queue} ${one.id} ${one.state} ${one.attempts}`)
    sim.trace.add(`contents ${lines.join(', ')}`)
    if (found.some(({ state }) => state === 'parked')) this.#marks.add('parkedInBroker')
    this.model.expire(this.now().brokerTime)
    checkContents(this.model, found, this.#findings, () => this.#marks.add('expired'))
    this.records.check()
    await this.changes.check()
  }

  /** All of its queues; undefined when the process ended, or the disk failed to read. */
  async contentsOf(broker: Broker): Promise<Peeked[] | undefined> {
    // What expires, comes due or is too much moves by itself, and may be missed or seen twice.
    for (let looks = 0; looks < LOOKS_MAX; looks++) {
      const before = JSON.stringify(broker.queues())
      const found = await this.#contentsNow(broker)
      const same = found === undefined || JSON.stringify(broker.queues()) === before
      const short = broker.queues().find(({ name }) => name === 'short')
      if (same && (short === undefined || short.ready <= SHORT_READY_MAX)) return found
      await this.#machine.sim.runFor(1)
    }
    return undefined
  }

  async #contentsNow(broker: Broker): Promise<Peeked[] | undefined> {
    const found = []
    for (const { name } of QUEUES) {
      const page = await this.#peek(broker, name)
      if (page === undefined) return undefined
      found.push(...page)
    }
    return found
  }

  async #peek(broker: Broker, queue: string): Promise<Peeked[] | undefined> {
    const peeking = broker.peek(queue, { limit: 1_000 })
    const found = await this.#machine.do(peeking).catch((error) => {
      this.expected('peek', error)
      return undefined
    })
    // What cannot be read is listed without its bytes.
    const unread = found?.some(({ properties }) => properties.length === 0)
    return unread && this.#machine.faulty ? undefined : found
  }

  /** Starts what empties all queues. */
  beginDrain(): void {
    this.healed = true
    this.halves.producer(true)
    for (const { name } of QUEUES) {
      this.unsubscribe(name)
      this.subscribe({ kind: 'subscribe', queue: name, credit: 50 })
    }
  }

  /** True when the broker holds nothing any more; brings back what is parked. */
  async drained(): Promise<boolean> {
    const { broker } = this.#machine
    const own = broker.queues().filter(({ name }) => QUEUES.some((queue) => queue.name === name))
    for (const { name } of own.filter(({ parked }) => parked > 0)) {
      const page = await this.#peek(broker, name)
      for (const peeked of (page ?? []).filter(({ state }) => state === 'parked')) {
        const copy = this.model.copyOf(peeked)
        if (copy !== undefined) this.#resolveOne(copy, peeked.queue, peeked.id, 'deliver')
      }
    }
    const decided = this.halves.drained()
    return own.every((queue) => {
      const { ready, unsettled, delayed, parked } = queue
      return decided && ready + unsettled + delayed + parked === 0
    })
  }

  now(): Now {
    const { elapsed, broker, life, uncleanEnds, orderlyEnds } = this.#machine
    const { jumpedAtStart: jumped, wentBack } = this.#machine
    const brokerTime = broker.stats().time
    return { elapsed, brokerTime, life, jumped, wentBack, uncleanEnds, orderlyEnds }
  }

  #consume(consumer: Consumer, batch: readonly Delivery[]): void {
    if (!this.#machine.alive) return
    const at: { copy: Copy; settlement: Settlement }[] = []
    for (const delivery of batch) {
      const { id, attempts, redelivered } = delivery
      this.#machine.sim.trace.add(`deliver ${consumer.number} ${id} ${attempts} ${redelivered}`)
      const copy = this.model.deliver(delivery, consumer.number, this.now())
      this.#machine.delivered()
      if (!this.#machine.alive) return
      if (copy === undefined) continue
      const settlement = this.#settlement(copy, delivery)
      if (settlement === undefined) continue
      const slow = this.#dice.of('slow', copy.sent.token, copy.delivered) < 0.2
      if (slow && !this.healed) this.#settleLater(consumer, copy, settlement)
      else at.push({ copy, settlement })
    }
    if (at.length > 0) this.#settle(consumer, at)
  }

  #settleLater(consumer: Consumer, copy: Copy, settlement: Settlement): void {
    const ms = this.#dice.of('ms', copy.sent.token, copy.delivered) * this.#setting.slowMs
    this.#machine.sim.os.clock.timer(ms, () => this.#settle(consumer, [{ copy, settlement }]))
  }

  #settle(consumer: Consumer, batch: { copy: Copy; settlement: Settlement }[]): void {
    if (consumer.closed || !this.#machine.alive) return
    const now = this.now()
    // A batch may have taken it meanwhile.
    const own = batch.filter(({ copy }) => copy.holder?.consumer === consumer.number)
    if (own.length === 0) return
    const asked = own.map(({ copy, settlement }) => {
      return { copy, settlement, moment: this.model.ask(copy, settlement, now) }
    })
    consumer.subscription.settle(asked.map(({ settlement }) => settlement)).then(
      () => {
        for (const { copy, settlement, moment } of asked) {
          this.model.settled(copy, settlement, moment)
        }
        if (this.#machine.alive && this.#machine.broker.stats().noSpace) {
          this.#marks.add('drainedFull')
        }
      },
      (error) => this.expected('settle', error),
    )
  }

  /** What the consumer says; undefined = it keeps the message. */
  #settlement(copy: Copy, { id, queue }: Delivery): Settlement | undefined {
    if (this.healed) return { id, outcome: 'done' }
    const { done, retry, later, requeue, reject } = this.#setting.outcomes
    const { token } = copy.sent
    const roll = this.#dice.of('outcome', token, queue, copy.delivered)
    const delayMs = this.#dice.below(40, 'delay', token, copy.delivered)
    if (roll < done) return { id, outcome: 'done' }
    if (roll < done + retry) {
      if (copy.sent.key !== undefined && queue === 'ordered') this.#marks.add('keyBlocked')
      if (delayMs % 2 === 0) return { id, outcome: 'retry', delayMs }
      return { id, outcome: 'retry', cause: 'chance' }
    }
    if (roll < done + retry + later) return { id, outcome: 'later', delayMs }
    const put = done + retry + later
    if (roll < put + requeue) return { id, outcome: 'requeue' }
    if (roll < put + requeue + reject && queue !== 'dead') return { id, outcome: 'reject' }
    return undefined
  }

  /** An error that a promise of the broker may end with. */
  expected(doing: string, error: unknown): string {
    const code = error instanceof BrokerError ? error.code : 'none'
    this.#machine.sim.trace.add(`refused ${doing} ${code}`)
    if (code === 'QUEUE_FULL') this.#marks.add('queueFull')
    if (code === 'LOG_FULL') this.#marks.add('noSpace')
    const unread = code === 'LOG_DAMAGED' && this.#machine.faulty
    const known = unread || REFUSALS.includes(code)
    this.#findings.check(known, 'a refusal says why', () => `${doing}: ${String(error)}`)
    return code
  }
}

/** A body that no other message has, and no part of which looks like another's. */
function bodyOf(token: string, bytes: number): Uint8Array {
  const filler = `${token} `
  return Buffer.from(filler.repeat(Math.ceil(bytes / filler.length)).slice(0, bytes))
}
