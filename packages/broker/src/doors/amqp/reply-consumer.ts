import { shortstr, writeDeliver } from '@hufu/wire/amqp091'
import { AmqpError } from './amqp-error.ts'
import type { ChannelHost } from './channel-host.ts'
import type { Envelope } from './message-form.ts'
import type { ReplyTarget } from './replies.ts'

/** The consumer of a channel's direct replies: one at most, and without acks. */
export class ReplyConsumer implements ReplyTarget {
  readonly tag: string
  /** What others send replies to. */
  readonly address: string
  readonly #host: ChannelHost
  readonly #channel: number
  readonly #nextTag: () => number
  readonly #tagBytes: Uint8Array

  /** `nextTag`: the number of the channel's next delivery, which replies do not use up. */
  constructor(host: ChannelHost, channel: number, tag: string, nextTag: () => number) {
    this.#host = host
    this.#channel = channel
    this.tag = tag
    this.#tagBytes = shortstr(tag)
    this.#nextTag = nextTag
    this.address = host.parts.replies.open(this)
  }

  reply({ bytes, at }: Envelope, body: Uint8Array): void {
    // At most once: who does not read gets no more, instead of filling the memory.
    if (this.#host.congested) return
    const { out } = this.#host
    writeDeliver(out, this.#channel, this.#tagBytes, this.#nextTag(), false, bytes, at, body)
    this.#host.changed()
  }

  close(): void {
    this.#host.parts.replies.close(this.address)
  }
}

/** Throws 406 where a consumer of replies may not be. */
export function demandReplies(known: ReplyConsumer | undefined, noAck: boolean): void {
  if (known !== undefined) throw new AmqpError(406, 'reply consumer already set')
  if (!noAck) throw new AmqpError(406, 'reply consumer cannot acknowledge')
}
