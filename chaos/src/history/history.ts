import type { Delivered, HistoryEvent } from './event.ts'
import { type Findings, noFindings } from './findings.ts'

interface Sent {
  readonly digest: string
  readonly queues: readonly string[]
  readonly dueAt: number
  readonly key: string
  state: 'open' | 'confirmed' | 'refused'
}

/** One message in one place. */
interface Copy {
  delivered: number
  done: 'no' | 'asked' | 'settled'
}

/** Where a place's messages were published to: `work` for `work` and for `dead<work`. */
function originOf(place: string): string {
  return place.slice(place.indexOf('<') + 1)
}

/** The queue whose consumers all ask for order by key. */
export const ORDERED = 'ordered'
/** The queue that takes what failed too often. */
export const DEAD = 'dead'

/** Compares what was seen with what was promised; all lives of one folder, one after the other. */
export class History {
  readonly findings: Findings = noFindings()
  readonly #sent = new Map<string, Sent>()
  readonly #copies = new Map<string, Copy>()
  /** Highest id delivered of each key. */
  readonly #keys = new Map<string, number>()

  get confirmed(): number {
    return [...this.#sent.values()].filter(({ state }) => state === 'confirmed').length
  }

  add(event: HistoryEvent): void {
    switch (event.kind) {
      case 'sent':
        return void this.#sent.set(event.token, { ...event, state: 'open' })
      case 'confirmed':
      case 'refused':
        return this.#answered(event.token, event.kind)
      case 'delivered':
      case 'found':
        return this.#delivered(event)
      case 'asked':
      case 'settled':
        if (event.outcome === 'done') this.#done(event.place, event.token, event.kind)
    }
  }

  /** To be called once everything that the broker still had was delivered and settled. */
  finish(): Findings {
    for (const [token, sent] of this.#sent) {
      const missing = sent.queues.filter((queue) => !this.#isSettled(queue, token))
      if (sent.state === 'confirmed') {
        for (const queue of missing) this.findings.lost.push(`${token} of ${queue}`)
      } else if (missing.length > 0 && missing.length < sent.queues.length) {
        this.findings.partial.push(`${token} is not in ${missing.join(', ')}`)
      }
    }
    return this.findings
  }

  #isSettled(queue: string, token: string): boolean {
    const places = [queue, `${DEAD}<${queue}`]
    return places.some((place) => (this.#copies.get(`${place} ${token}`)?.done ?? 'no') !== 'no')
  }

  #answered(token: string, state: 'confirmed' | 'refused'): void {
    const sent = this.#sent.get(token)
    if (sent !== undefined) sent.state = state
  }

  #done(place: string, token: string, how: 'asked' | 'settled'): void {
    const copy = this.#copy(place, token)
    if (copy.done !== 'settled') copy.done = how
  }

  #copy(place: string, token: string): Copy {
    const name = `${place} ${token}`
    let copy = this.#copies.get(name)
    if (copy === undefined) {
      copy = { delivered: 0, done: 'no' }
      this.#copies.set(name, copy)
    }
    return copy
  }

  #delivered(event: Delivered): void {
    const { place, token, redelivered, time } = event
    const what = `${token} (id ${event.id}) in ${place}`
    const sent = this.#sent.get(token)
    if (sent === undefined || !this.#isTrue(event, sent, what)) {
      if (sent === undefined) this.findings.invented.push(`${what}: never published`)
      return
    }
    const copy = this.#copy(place, token)
    if (copy.done === 'settled') this.findings.resurrected.push(`${what}: was settled`)
    if (this.#copies.has(`${DEAD}<${place} ${token}`)) {
      this.findings.resurrected.push(`${what}: was dead-lettered`)
    }
    if (event.kind === 'found') return
    if (copy.delivered++ > 0 && !redelivered) this.findings.duplicatesUnflagged.push(what)
    if (time < sent.dueAt) this.findings.early.push(`${what}: at ${time}, due ${sent.dueAt}`)
    if (place === ORDERED && sent.key !== '') this.#inOrder(event, sent.key, what)
  }

  #isTrue({ place, digest }: Delivered, sent: Sent, what: string): boolean {
    const wrong =
      sent.digest !== digest
        ? 'its body is another one'
        : !sent.queues.includes(originOf(place))
          ? 'not published there'
          : sent.state === 'refused'
            ? 'its publish was refused'
            : undefined
    if (wrong !== undefined) this.findings.invented.push(`${what}: ${wrong}`)
    return wrong === undefined
  }

  #inOrder({ id }: Delivered, key: string, what: string): void {
    const highest = this.#keys.get(key) ?? 0
    if (id < highest) this.findings.outOfOrder.push(`${what}: after ${highest} of key ${key}`)
    this.#keys.set(key, Math.max(highest, id))
  }
}
