import type { Envelope } from './message-form.ts'

/** The name that stands for the channel's own replies, and the start of their addresses. */
export const REPLY_TO = 'amq.rabbitmq.reply-to'
const PREFIX = `${REPLY_TO}.`

/** A channel that has a consumer for direct replies. */
export interface ReplyTarget {
  /** Hands a reply to the client, which is not stored anywhere. */
  reply(envelope: Envelope, body: Uint8Array): void
}

/** Direct reply-to: answers that go from channel to channel, with no queue between them. */
export class Replies {
  readonly #newKey: () => string
  readonly #targets = new Map<string, ReplyTarget>()

  /** `newKey`: gives names that nobody guesses. */
  constructor(newKey: () => string) {
    this.#newKey = newKey
  }

  /** The address of the channel's replies, for as long as it is open. */
  open(target: ReplyTarget): string {
    const address = PREFIX + this.#newKey()
    this.#targets.set(address, target)
    return address
  }

  close(address: string): void {
    this.#targets.delete(address)
  }

  /** Whether a name is such an address, of a channel that may be gone. */
  isAddress(name: string): boolean {
    return name.startsWith(PREFIX)
  }

  find(address: string): ReplyTarget | undefined {
    return this.#targets.get(address)
  }
}
