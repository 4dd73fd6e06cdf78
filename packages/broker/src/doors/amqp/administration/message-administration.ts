import type { AmqpQueue } from '../amqp-queue.ts'
import { refusal, trying } from './administration-error.ts'
import { type AdministrationHost, demandVhost } from './administration-host.ts'
import { type MessageInfo, messageInfo } from './message-info.ts'
import { type Moved, type MoveOptions, moveMessages } from './move.ts'
import { placeAt, type Target } from './move-target.ts'
import { demandQueue } from './queue-administration.ts'
import { placeOfDeath } from './redrive-target.ts'

/** Which messages are looked at. */
export interface PeekOptions {
  /** At most so many; default 10, at most 10,000. Fewer where their bodies pass 16 MiB. */
  readonly limit?: number
  /** To go on behind the last one that was seen. */
  readonly afterId?: number
  /** Bytes of a body that are shown. Default: all. */
  readonly bodyBytesMax?: number
  /** Only those in this state. */
  readonly state?: MessageInfo['state']
}

/** Bodies that are in memory at a time. */
const PAGE = 20

const LIMIT_MAX = 10_000

/** Of all bodies that are shown at once; the page ends with the one that passes it. */
const SHOWN_BYTES_MAX = 16 << 20

/** Words of a person that go to the disk together. */
const RESOLVED_TOGETHER = 100

/** The messages of queues. */
export class MessageAdministration {
  readonly #host: AdministrationHost

  constructor(host: AdministrationHost) {
    this.#host = host
  }

  /** The oldest first, without changing anything. `unknown`, `argument`. */
  peek(vhost: string, queue: string, options: PeekOptions = {}): Promise<MessageInfo[]> {
    return trying(`look into queue '${queue}'`, async () => {
      const { limit = 10, afterId = 0, bodyBytesMax = Number.POSITIVE_INFINITY, state } = options
      if (limit > LIMIT_MAX) throw refusal('argument', `the limit ${limit} is over ${LIMIT_MAX}`)
      const { broker } = this.#host
      const { coreName } = this.#queue(vhost, queue)
      const found: MessageInfo[] = []
      // Of messages in a state it is known when all are found.
      const stats = broker.queue(coreName)
      const wanted = state === undefined ? limit : Math.min(limit, stats?.[state] ?? 0)
      let shown = 0
      for (let last = afterId; found.length < wanted && shown < SHOWN_BYTES_MAX; ) {
        const page = await broker.peek(coreName, { limit: PAGE, afterId: last })
        for (const each of page) {
          if (found.length >= wanted || shown >= SHOWN_BYTES_MAX) break
          if ((state ?? each.state) !== each.state) continue
          shown += Math.min(each.body.length, bodyBytesMax)
          found.push(messageInfo(each, bodyBytesMax))
        }
        if (page.length < PAGE) break
        last = page.at(-1)!.id
      }
      return found
    })
  }

  /**
   * A person's word on messages that nobody is working on: delivered now (`retry`), or removed
   * (`discard`). Without ids: on all that are parked. Gives the number of those it was done to.
   */
  resolve(
    vhost: string,
    queue: string,
    word: 'retry' | 'discard',
    ids?: readonly number[],
  ): Promise<number> {
    return trying(`${word} messages of queue '${queue}'`, async () => {
      const { coreName } = this.#queue(vhost, queue)
      const action = word === 'retry' ? 'deliver' : 'remove'
      const all = ids ?? (await this.#parked(coreName))
      let done = 0
      for (let at = 0; at < all.length; at += RESOLVED_TOGETHER) {
        const some = all.slice(at, at + RESOLVED_TOGETHER)
        const resolved = some.map((id) => this.#host.broker.resolve(coreName, id, action))
        done += (await Promise.all(resolved)).filter((isDone) => isDone).length
      }
      return done
    })
  }

  /**
   * Moves what is ready to another queue, unchanged, or to an exchange. Each message is taken out
   * there and put in here by one entry of the log: after a crash it is in one of both. `unknown`,
   * `refused`: the target does not take it.
   */
  move(vhost: string, queue: string, target: Target, options: MoveOptions): Promise<Moved> {
    return trying(`move messages of queue '${queue}'`, () => {
      const from = this.#queue(vhost, queue)
      const place = placeAt(demandVhost(this.#host, vhost), target)
      return moveMessages(this.#host, from, place, options)
    })
  }

  /**
   * Moves dead letters back to the queue where each of them died last; where that is not there any
   * more, to its exchange with the keys that it came with. Those without a place stay.
   */
  redrive(vhost: string, queue: string, options: MoveOptions): Promise<Moved> {
    return trying(`redrive messages of queue '${queue}'`, () => {
      const from = this.#queue(vhost, queue)
      const place = placeOfDeath(demandVhost(this.#host, vhost), from)
      return moveMessages(this.#host, from, place, options)
    })
  }

  async #parked(coreName: string): Promise<number[]> {
    const { broker } = this.#host
    const found: number[] = []
    for (let last = 0; found.length < (broker.queue(coreName)?.parked ?? 0); ) {
      const page = await broker.peek(coreName, { limit: PAGE, afterId: last })
      found.push(...page.filter(({ state }) => state === 'parked').map(({ id }) => id))
      if (page.length < PAGE) break
      last = page.at(-1)!.id
    }
    return found
  }

  #queue(vhost: string, name: string): AmqpQueue {
    return demandQueue(demandVhost(this.#host, vhost), name)
  }
}
