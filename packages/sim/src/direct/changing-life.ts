import type { Copy, Lives, Sent } from './copy.ts'
import { CHANGING, expiresMsIn } from './queues.ts'

/** A time to live that the queue has, or may have; the object tells it from the others. */
export interface Life {
  readonly ms: number
}

export function lifeOf(expiresMs: number | undefined): Life {
  return { ms: expiresMs ?? Number.POSITIVE_INFINITY }
}

/** The time to live of the queue `changing`: each message keeps the one it came under. */
export class ChangingLife {
  /** Those of which one holds now, the last that is known to hold first. */
  #open: readonly Life[] = [lifeOf(undefined)]

  /** Of a message that is sent now. */
  begin(): Lives {
    const all = this.#open.map(({ ms }) => ms)
    return { least: Math.min(...all), most: Math.max(...all) }
  }

  /** The broker was asked for it; what is not stored yet may come under it too. */
  ask(life: Life, sents: Iterable<Sent>): void {
    this.#open = [...this.#open, life]
    for (const { confirmed, changing } of sents) {
      if (confirmed) continue
      changing.least = Math.min(changing.least, life.ms)
      changing.most = Math.max(changing.most, life.ms)
    }
  }

  /** It holds, or one of those that were asked for after it. */
  holds(life: Life): void {
    const at = this.#open.indexOf(life)
    if (at > 0) this.#open = this.#open.slice(at)
  }

  /** It will never hold. */
  refused(life: Life): void {
    this.#open = this.#open.filter((each) => each !== life)
  }

  /** A life of the broker begins with it. */
  found(life: Life, sents: Iterable<Sent>): void {
    this.#open = []
    this.ask(life, sents)
  }
}

/** What a copy may live in its queue, ms: the shorter of its own time and the queue's. */
export function livesOf({ sent, queue }: Pick<Copy, 'sent' | 'queue'>): Readonly<Lives> {
  const lives = expiresMsIn(queue, sent.expiresMs)
  if (queue !== CHANGING) return { least: lives, most: lives }
  const { least, most } = sent.changing
  return { least: Math.min(lives, least), most: Math.min(lives, most) }
}

/** It was taken when it was sent, or later. */
export function mayBeExpired(copy: Copy, brokerTime: number): boolean {
  const { brokerTime: sentAt, delayMs } = copy.sent
  return brokerTime >= Math.floor(sentAt) + delayMs + livesOf(copy).least
}
