import type { Copy, Sent } from './copy.ts'
import { CHANGING, expiresMsIn } from './queues.ts'

/** Times to live that may be a message's in the queue that is changed, ms. */
export interface Lives {
  least: number
  most: number
}

/** The time to live of the queue `changing`: each message keeps the one it came under. */
export class ChangingLife {
  #now = Number.POSITIVE_INFINITY

  /** Of a message that is sent now. */
  begin(): Lives {
    return { least: this.#now, most: this.#now }
  }

  /** It is another one now; what is not stored yet may come under either. */
  change(expiresMs: number | undefined, sents: Iterable<Sent>): void {
    this.#now = expiresMs ?? Number.POSITIVE_INFINITY
    for (const { confirmed, changing } of sents) {
      if (confirmed) continue
      changing.least = Math.min(changing.least, this.#now)
      changing.most = Math.max(changing.most, this.#now)
    }
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
