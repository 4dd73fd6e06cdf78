import { hashOf } from '../../json.ts'

/** Of a queue or exchange, by the protocol. */
const NAME_BYTES_MAX = 255

/**
 * Names on the server. Events and groups hold no slash, so names with another number of slashes
 * cannot be taken for each other.
 */
export class Names {
  /** The exchange that takes every message; its routing keys are names of queues. */
  readonly exchange: string

  constructor(prefix: string) {
    this.exchange = prefix
  }

  /** Holds a group's messages of an event. */
  queue(event: string, group: string): string {
    return within(`${this.exchange}/${event}/${group}`)
  }

  /** Held by whoever consumes the group in order of key. */
  turn(event: string, group: string): string {
    return within(`${this.exchange}/${event}/${group}/turn`)
  }

  /** Exchange and queue in which messages wait for so many ms. */
  rung(ms: number): string {
    return `${this.exchange}/${ms}ms`
  }
}

/** A name that is too long keeps its beginning and gets a hash of the whole. */
function within(name: string): string {
  const bytes = Buffer.from(name)
  if (bytes.length <= NAME_BYTES_MAX) return name
  const hash = hashOf(bytes)
  let cut = name
  while (Buffer.byteLength(cut) > NAME_BYTES_MAX - hash.length - 1) cut = cut.slice(0, -1)
  // Half a character at the end would be changed on the way.
  return `${cut.isWellFormed() ? cut : cut.slice(0, -1)}~${hash}`
}
