import type { Delivery, PublishRequest, Settlement } from '@hufu/broker'
import type { Findings } from '../world/findings.ts'
import type { Marks } from '../world/marks.ts'
import { ChangingLife, livesOf, mayBeExpired } from './changing-life.ts'
import { type Copy, type Group, type Moment, nameOf, newCopy, type Sent } from './copy.ts'
import { KeyOrder } from './key-order.ts'
import { optionsOf, ROUTED_MARK, tokenOf } from './queues.ts'

/** What time it is, and in which life. */
export interface Now {
  readonly elapsed: number
  readonly brokerTime: number
  readonly life: number
  /** Sum of the forward jumps of the wall clock before the broker's last start, ms. */
  readonly jumped: number
  /** The wall clock has gone back at some time. */
  readonly wentBack: boolean
  /** Lives that did not end orderly. */
  readonly uncleanEnds: number
  readonly orderlyEnds: number
}

/** Copies in a queue when it was purged. */
export interface Purge {
  readonly queue: string
  readonly held: readonly Copy[]
  readonly free: readonly Copy[]
  /** Those of the free that are certainly ready, unless a consumer gets them first. */
  readonly ready: readonly Copy[]
}

/** What the broker has promised, kept outside of it; it survives every crash. */
export class DirectModel {
  readonly sent = new Map<string, Sent>()
  readonly copies = new Map<string, Copy>()
  readonly #ownerOfId = new Map<number, string>()
  readonly #findings: Findings
  readonly #marks: Marks
  readonly #keys: KeyOrder
  readonly changingLife = new ChangingLife()
  /** Whether the router drops it when `routed` gives it up. */
  readonly #drops: (token: string) => boolean
  /** Purges under way, by queue. */
  readonly #purging = new Map<string, number>()

  constructor(findings: Findings, marks: Marks, drops: (token: string) => boolean = () => false) {
    this.#drops = drops
    this.#findings = findings
    this.#marks = marks
    this.#keys = new KeyOrder(findings)
  }

  send(token: string, request: PublishRequest, now: Now, group?: Group): Sent {
    const { queues, body, key, delayMs = 0, expiresMs } = request
    const due = delayMs > 0 ? later(now, delayMs) : undefined
    const order = this.sent.size
    const { uncleanEnds, brokerTime, life } = now
    const changing = this.changingLife.begin()
    const times = { expiresMs, changing, delayMs, brokerTime, life }
    const known = { ...times, uncleanEnds, id: undefined, confirmed: false, refused: false }
    const sent: Sent = { token, body, queues, key, order, due, group, ...known }
    group?.sents.push(sent)
    this.sent.set(token, sent)
    for (const queue of queues) this.copies.set(`${queue} ${token}`, newCopy(sent, queue))
    return sent
  }

  confirm(sent: Sent, id: number): void {
    this.stored(sent)
    this.#own(id, sent.token)
    this.#sameId(sent, id)
  }

  /** The broker has said that it is on disk. */
  stored(sent: Sent): void {
    sent.confirmed = true
    if (sent.due !== undefined) sent.due.stored = true
  }

  /** The commit of a group is stored. */
  committed(group: Group): void {
    group.commit = 'confirmed'
    for (const sent of group.sents) this.stored(sent)
    for (const { copy, consumer } of group.settles) {
      if (copy.gone === 'asked' && !consumer.closed) copy.gone = 'confirmed'
    }
  }

  /** The commit of a group failed; `unknown`: nobody can say whether it took effect. */
  notCommitted(group: Group, unknown: boolean): void {
    if (!unknown) for (const sent of group.sents) sent.refused = true
  }

  /** A delivery is handed to a consumer. */
  deliver(delivery: Delivery, consumer: number, now: Now): Copy | undefined {
    const copy = this.#copyOf(delivery)
    if (copy === undefined) return undefined
    this.#checkVisible(copy)
    if (delivery.queue === copy.queue) this.#checkTime(copy, now)
    if (delivery.queue === copy.queue) this.#checkExpiry(copy, delivery, now)
    this.#checkNotOver(copy, delivery)
    if (delivery.queue === copy.queue) this.#checkOwn(copy, delivery, now)
    else this.#checkDead(copy, delivery, now)
    if (copy.purged) this.#marks.add('purgeKept')
    if (copy.requeued) this.#marks.add('requeued')
    copy.delivered++
    copy.holder = { life: now.life, consumer }
    if (copy.sent.due && copy.sent.due.life < now.life) this.#marks.add('delayedOverRestart')
    return copy
  }

  /** The consumer says something of what it holds. */
  ask(copy: Copy, settlement: Settlement, now: Now): Moment | undefined {
    copy.holder = undefined
    if (settlement.outcome === 'done') copy.gone = 'asked'
    else if (isFailure(copy, settlement)) {
      copy.failuresAsked++
      this.#mayBeDropped(copy)
    }
    if (settlement.outcome !== 'done') this.backInQueue(copy)
    copy.requeued = settlement.outcome === 'requeue'
    if (settlement.outcome === 'reject') {
      copy.givenUp = 'asked'
      copy.unordered = true
    }
    const delayMs = 'delayMs' in settlement ? settlement.delayMs : undefined
    if (delayMs === undefined) return undefined
    copy.notBefore = later(now, delayMs)
    return copy.notBefore
  }

  /** What it said is stored. */
  settled(copy: Copy, settlement: Settlement, moment: Moment | undefined): void {
    if (settlement.outcome === 'done') copy.gone = 'confirmed'
    else if (isFailure(copy, settlement)) copy.failuresConfirmed++
    if (settlement.outcome === 'reject') copy.givenUp = 'confirmed'
    if (moment !== undefined) moment.stored = true
  }

  /** A person is about to say what becomes of it; false where that makes no sense. */
  resolving(copy: Copy, action: 'deliver' | 'remove'): void {
    copy.unordered = true
    copy.notBefore = undefined
    copy.givenUp = 'no'
    if (action === 'deliver') copy.byPerson = true
    if (action === 'remove' && copy.gone === 'no') copy.gone = 'asked'
  }

  /** The person was answered. */
  resolved(copy: Copy, action: 'deliver' | 'remove', found: boolean): void {
    if (action === 'remove' && copy.gone === 'asked') copy.gone = found ? 'confirmed' : 'no'
  }

  /** What is in the queue may go, but for what a consumer has by then. */
  purging(queue: string, uncleanEnds: number): Purge {
    const inQueue = [...this.copies.values()].filter((copy) => {
      return copy.queue === queue && copy.gone === 'no' && copy.deadId === undefined
    })
    this.#purging.set(queue, (this.#purging.get(queue) ?? 0) + 1)
    const held = inQueue.filter(({ holder }) => holder !== undefined)
    const free = inQueue.filter(({ holder }) => holder === undefined)
    for (const copy of free) copy.gone = 'asked'
    // Nobody can have got these meanwhile, nor are they delayed, aside of it, or given up.
    const ready = free.filter((copy) => {
      const { sent, delivered } = copy
      const moves = queue === 'short' || livesOf(copy).least < Number.POSITIVE_INFINITY
      const known = sent.confirmed && sent.due === undefined && !moves
      return known && delivered === 0 && sent.uncleanEnds === uncleanEnds
    })
    return { queue, held, free, ready }
  }

  /** The purge is stored, and took so many. */
  purged({ queue, held, free, ready }: Purge, count: number): void {
    this.#purging.set(queue, (this.#purging.get(queue) ?? 1) - 1)
    const open = ready.filter(({ delivered, gone, unordered }) => {
      return delivered === 0 && gone === 'asked' && !unordered
    })
    for (const copy of open) copy.gone = 'confirmed'
    const fits = count >= open.length
    const what = () => `${count} of ${open.map(nameOf)}, ${free.length} not held`
    this.#findings.check(fits, 'a purge takes all that is ready', what)
    if (count > 0) this.#marks.add('purged')
    for (const copy of held) copy.purged = true
  }

  /** A consumer was closed: what it held goes back. Returns what it is counted for. */
  released(consumer: number, life: number): Copy[] {
    const counted: Copy[] = []
    for (const copy of this.copies.values()) {
      if (copy.holder?.consumer !== consumer || copy.holder.life !== life) continue
      copy.holder = undefined
      this.backInQueue(copy)
      this.#marks.add('releasedByClose')
      if (!isCounted(copy)) continue
      copy.failuresAsked++
      counted.push(copy)
    }
    return counted
  }

  /** It was given to a consumer that was closed in that moment. */
  neverSeen(copy: Copy): void {
    copy.unordered = true
    if (isCounted(copy)) copy.failuresAsked++
  }

  /** It may be ready again before a purge that is under way comes to it. */
  backInQueue(copy: Copy): void {
    if ((this.#purging.get(copy.queue) ?? 0) > 0 && copy.gone === 'no') copy.gone = 'asked'
  }

  /** A life has begun: what was under way before is over. */
  begin(): void {
    this.#purging.clear()
  }

  /** The process has ended without a word. */
  cutOff(life: number): void {
    for (const copy of this.copies.values()) {
      this.#mayBeDropped(copy)
      if (copy.holder?.life !== life) continue
      copy.holder = undefined
      copy.cutOff++
    }
  }

  /** It has failed, or may have: the router may be asked from now on. */
  #mayBeDropped(copy: Copy): void {
    const dropped = copy.queue === 'routed' && this.#drops(copy.sent.token)
    if (dropped && copy.gone === 'no') copy.gone = 'asked'
  }

  /** What belongs to a group is seen only after its commit, and then all of it holds. */
  #checkVisible(copy: Copy): void {
    const { group } = copy.sent
    if (group === undefined) return
    const what = () => `${nameOf(copy)} of ${group.name}`
    this.#findings.check(group.commit !== 'no', 'nothing is seen before its commit', what)
    this.committed(group)
  }

  #checkTime(copy: Copy, now: Now): void {
    const moment = copy.notBefore
    if (moment === undefined) return
    const same = moment.life === now.life
    if (!same && !moment.stored) return
    // A later life knows only the wall clock, and believes it.
    const elapsed = moment.elapsed - (same ? 0 : now.jumped - moment.jumped + 1)
    // What was due once stays so when the clock goes back between two lives.
    const byBroker = !now.wentBack && now.brokerTime < moment.brokerTime
    const early = now.elapsed < elapsed || byBroker
    this.#findings.check(!early, 'nothing comes before its time', () => {
      const at = `at ${now.elapsed} (${now.brokerTime}), due at ${moment.elapsed}`
      return `${nameOf(copy)} ${at} (${moment.brokerTime}), set in life ${moment.life}`
    })
  }

  #checkExpiry(copy: Copy, { time }: Delivery, now: Now): void {
    const { sent } = copy
    const { life, delayMs, group } = sent
    const lives = livesOf(copy).most
    // The broker rounds the time of taking down and that of being due up.
    if (copy.byPerson) return
    const late = lives > 0 && now.brokerTime >= time + lives + (delayMs > 0 ? delayMs + 2 : 0)
    const what = () => `${nameOf(copy)} at ${now.brokerTime}, taken at ${time}, lives ${lives}`
    this.#findings.check(!late, 'nothing comes when its time to live is over', what)
    if (lives > 0) return
    const again = copy.delivered > 0 || (group === undefined && life !== now.life)
    this.#findings.check(!again, 'what is for now comes at once or never', what)
    this.#marks.add('forNowDelivered')
  }

  /** What may have expired by now may be gone. */
  expire(brokerTime: number): void {
    for (const copy of this.copies.values()) {
      if (!mayBeExpired(copy, brokerTime) || copy.gone !== 'no') continue
      copy.gone = 'asked'
      copy.expired = true
    }
  }

  #checkNotOver(copy: Copy, delivery: Delivery): void {
    const { sent } = copy
    const what = () => `${nameOf(copy)} in ${delivery.queue} as ${delivery.id}`
    this.#findings.check(copy.gone !== 'confirmed', 'what is settled never comes again', what)
    this.#findings.check(!sent.refused, 'what was refused is never delivered', what)
    this.#findings.check(copy.holder === undefined, 'nobody gets what another one holds', what)
  }

  #checkOwn(copy: Copy, delivery: Delivery, now: Now): void {
    const what = () => `${nameOf(copy)} as ${delivery.id}, attempts ${delivery.attempts}`
    this.#own(delivery.id, copy.sent.token)
    this.#sameId(copy.sent, delivery.id)
    const again = copy.delivered > 0 && !delivery.redelivered
    this.#findings.check(!again, 'what comes again is marked as redelivered', what)
    const over = copy.givenUp === 'confirmed' || copy.deadId !== undefined
    this.#findings.check(!over, 'what was given up does not come from its queue', what)
    this.#checkAttempts(copy, delivery.attempts, now)
    this.#keys.deliver(copy, delivery.queue, delivery.id)
    // Delivered means durable: from here on it must not be lost.
    copy.sent.confirmed = true
  }

  #checkAttempts(copy: Copy, attempts: number, now: Now): void {
    const { failuresConfirmed, failuresAsked, cutOff } = copy
    const what = () => {
      return `${nameOf(copy)}: ${attempts}, failed ${failuresConfirmed}, cut off ${cutOff}`
    }
    // A clock that went back makes a row that came look as if it were not due yet.
    const enough = attempts >= failuresConfirmed + (now.wentBack ? 0 : cutOff)
    this.#findings.check(enough, 'attempts are never too low', what)
    this.#findings.check(attempts >= copy.attempts, 'attempts never sink', what)
    copy.attempts = attempts
    if (isCounted(copy) && attempts > 0) this.#marks.add('requeueCounted')
    const most = failuresAsked + now.uncleanEnds + now.orderlyEnds
    this.#findings.check(attempts <= most, 'attempts are never invented', what)
    const { maxAttempts = 16 } = optionsOf(copy.queue)
    // An orderly stop counts once more what a crash may have cut off, and gives up nothing.
    const ended = copy.byPerson || maxAttempts === 0 || attempts < maxAttempts + now.orderlyEnds
    this.#findings.check(ended, 'a poisoned message ends', what)
    if (attempts > failuresAsked) this.#marks.add('suspectMarked')
  }

  #checkDead(copy: Copy, delivery: Delivery, now: Now): void {
    const { deadLetter } = delivery
    const what = () => `${nameOf(copy)} as ${delivery.id}: ${JSON.stringify(deadLetter)}`
    this.#own(delivery.id, `dead ${copy.queue} ${copy.sent.token}`)
    const twice = copy.deadId !== undefined && copy.deadId !== delivery.id
    this.#findings.check(!twice, 'a message is dead-lettered once', what)
    const origin = copy.sent.id === undefined || deadLetter?.id === copy.sent.id
    this.#findings.check(origin, 'a dead letter names its origin', what)
    const expired = mayBeExpired(copy, now.brokerTime)
    if (expired && copy.failuresAsked === 0) this.#marks.add('expiredIntoDead')
    const attempted = copy.failuresAsked + copy.cutOff > 0 || (deadLetter?.attempts ?? 0) > 0
    // What is too much goes without having failed.
    const tooMuch = copy.queue === 'short' && !attempted && !expired
    if (tooMuch) this.#marks.add('overflowed')
    const failed = attempted || expired || tooMuch
    this.#findings.check(failed, 'only what failed is dead-lettered', what)
    const marked = Buffer.from(delivery.properties).toString().endsWith(ROUTED_MARK)
    const asked = marked === (copy.queue === 'routed')
    this.#findings.check(asked, 'a dead letter has the properties that its router gave', what)
    copy.deadId = delivery.id
    copy.sent.confirmed = true
    this.#marks.add('deadLetter')
    if (copy.failuresAsked === 0 && !expired && !tooMuch) this.#marks.add('poisonEnded')
  }

  #own(id: number, owner: string): void {
    const known = this.#ownerOfId.get(id)
    const what = () => `id ${id}: ${known} and ${owner}`
    this.#findings.check(known === undefined || known === owner, 'an id is given once', what)
    this.#ownerOfId.set(id, owner)
  }

  #sameId(sent: Sent, id: number): void {
    const same = sent.id === undefined || sent.id === id
    this.#findings.check(same, 'a message keeps its id', () => `${sent.token}: ${sent.id}, ${id}`)
    sent.id = id
  }

  /** The copy that a delivered, or listed, message is of. */
  copyOf(shown: Pick<Delivery, 'queue' | 'properties' | 'body' | 'deadLetter'>): Copy | undefined {
    return this.#copyOf(shown)
  }

  #copyOf(shown: Pick<Delivery, 'queue' | 'properties' | 'body' | 'deadLetter'>) {
    const token = tokenOf(shown.properties)
    const queue = shown.deadLetter?.queue ?? shown.queue
    const copy = this.copies.get(`${queue} ${token}`)
    const where = () => `"${token.slice(0, 20)}" in ${shown.queue} by way of ${queue}`
    this.#findings.check(copy !== undefined, 'nothing is invented', where)
    if (copy === undefined) return undefined
    const same = Buffer.compare(shown.body, copy.sent.body) === 0
    this.#findings.check(same, 'bodies come as they were given', where)
    return copy
  }
}

function isFailure(copy: Copy, { outcome }: Settlement): boolean {
  return outcome === 'retry' || outcome === 'reject' || (outcome === 'requeue' && isCounted(copy))
}

/** In the queue where it is, what is put back counts. */
function isCounted({ queue, deadId }: Copy): boolean {
  return deadId === undefined && optionsOf(queue).countRequeues === true
}

function later(now: Now, ms: number): Moment {
  const { elapsed, brokerTime, life, jumped } = now
  return { elapsed: elapsed + ms, brokerTime: brokerTime + ms, life, jumped, stored: false }
}
