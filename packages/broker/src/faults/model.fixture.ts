import assert from 'node:assert/strict'
import type { Delivery, Peeked, Settlement } from '../api.ts'

/** A message as it was given to the broker. */
export interface Sent {
  readonly token: string
  readonly body: string
  readonly queues: readonly string[]
  /** Broker time before which it must not be delivered, ms. */
  readonly dueAt: number
  /** In which life of the broker; 1 for the first. */
  readonly life: number
  /** Set when the broker has confirmed it. */
  id: number | undefined
}

/** One message in one of its queues, or in the dead-letter queue by way of it. */
interface Copy {
  readonly sent: Sent
  readonly queue: string
  delivered: number
  failuresAsked: number
  failuresConfirmed: number
  done: 'no' | 'asked' | 'confirmed'
}

/** What the broker has promised, kept outside of it; it survives every crash. */
export class Model {
  readonly #sent = new Map<string, Sent>()
  readonly #copies = new Map<string, Copy>()
  readonly #tokenOfId = new Map<number, string>()

  get confirmed(): number {
    return [...this.#sent.values()].filter(({ id }) => id !== undefined).length
  }

  send(queues: readonly string[], padding: number, dueAt: number, life: number): Sent {
    const token = `m${this.#sent.size}`
    const body = `${token}:${'x'.repeat(padding)}:${token}`
    const sent: Sent = { token, body, queues, dueAt, life, id: undefined }
    this.#sent.set(token, sent)
    for (const queue of queues) {
      const counts = { delivered: 0, failuresAsked: 0, failuresConfirmed: 0 }
      this.#copies.set(`${queue} ${token}`, { sent, queue, ...counts, done: 'no' })
    }
    return sent
  }

  confirm(sent: Sent, id: number): void {
    assert.equal(this.#tokenOfId.get(id), undefined, `id ${id} is given twice`)
    this.#tokenOfId.set(id, sent.token)
    sent.id = id
  }

  deliver(delivery: Delivery, now: number): Copy {
    const copy = this.#copyOf(delivery)
    const what = `${copy.sent.token} of ${delivery.queue}`
    assert.notEqual(copy.done, 'confirmed', `${what} comes after its settle was confirmed`)
    assert.ok(now >= copy.sent.dueAt, `${what} comes before its time`)
    if (delivery.queue !== copy.queue) return copy
    if (copy.delivered++ > 0) assert.ok(delivery.redelivered, `${what} comes again, unmarked`)
    return copy
  }

  ask(copy: Copy, { outcome }: Settlement): void {
    if (outcome === 'done') copy.done = 'asked'
    else if (outcome !== 'later') copy.failuresAsked++
  }

  settled(copy: Copy, { outcome }: Settlement): void {
    if (outcome === 'done') copy.done = 'confirmed'
    else if (outcome !== 'later') copy.failuresConfirmed++
  }

  /** Confirmed messages that no consumer has said anything final about, by queue. */
  unsettled(): Copy[] {
    return [...this.#copies.values()].filter((copy) => this.isUnsettled(copy))
  }

  isUnsettled({ done, sent }: Copy): boolean {
    return done === 'no' && sent.id !== undefined
  }

  timesIn(copy: Copy, found: readonly Peeked[]): number {
    return found.filter((peeked) => this.#copyOf(peeked) === copy).length
  }

  /** `found`: all that is in the broker; `lives`: how often it was started. */
  check(found: readonly Peeked[], lives: number): void {
    const times = new Map<Copy, number>()
    for (const peeked of found) {
      const copy = this.#copyOf(peeked)
      times.set(copy, (times.get(copy) ?? 0) + 1)
      this.#checkOne(copy, peeked, lives)
    }
    for (const copy of this.#copies.values()) this.#checkTimes(copy, times.get(copy) ?? 0)
    for (const sent of this.#sent.values()) this.#checkWhole(sent, times)
  }

  #checkOne(copy: Copy, peeked: Peeked, lives: number): void {
    const what = `${copy.sent.token} in ${peeked.queue}`
    if (peeked.queue !== copy.queue) return
    if (copy.sent.id !== undefined) assert.equal(peeked.id, copy.sent.id, `id of ${what}`)
    const { failuresAsked, failuresConfirmed } = copy
    const { attempts } = peeked
    const fits = attempts >= failuresConfirmed && attempts <= failuresAsked + lives - copy.sent.life
    assert.ok(fits, `${what} has ${attempts} attempts, failed ${failuresConfirmed} times`)
  }

  #checkTimes({ sent, queue, done }: Copy, times: number): void {
    const what = `${sent.token} of ${queue} is there ${times} times`
    assert.ok(times <= 1, what)
    if (done === 'confirmed') assert.equal(times, 0, `${what} although settled`)
    if (done === 'no' && sent.id !== undefined) assert.equal(times, 1, `${what} although confirmed`)
  }

  /** A message that nobody has settled is in all of its queues or, never confirmed, in none. */
  #checkWhole({ token, queues }: Sent, times: ReadonlyMap<Copy, number>): void {
    const copies = queues.map((queue) => this.#copies.get(`${queue} ${token}`)!)
    if (copies.some(({ done }) => done !== 'no')) return
    const counts = new Set(copies.map((copy) => times.get(copy) ?? 0))
    assert.equal(counts.size, 1, `${token} is in some of its queues only`)
  }

  #copyOf(delivery: Delivery): Copy {
    const body = Buffer.from(delivery.body).toString()
    const token = body.slice(0, body.indexOf(':'))
    const queue = delivery.deadLetter?.queue ?? delivery.queue
    const copy = this.#copies.get(`${queue} ${token}`)
    assert.ok(copy, `the broker invented ${body} in ${delivery.queue}`)
    assert.equal(body, copy.sent.body)
    return copy
  }
}
