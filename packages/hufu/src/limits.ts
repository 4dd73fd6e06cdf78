/** Every limit of the library, with its unit. A value beyond one is refused with `LIMIT`. */
export interface Limits {
  /** Payload of one event, or result of one handler, as JSON, bytes. */
  payloadBytesMax: number
  /** Length of an event's or group's name, characters. */
  nameCharsMax: number
  /** Length of a message's id and of its key, characters. */
  idCharsMax: number
  /** Headers given by the user, number of them and bytes altogether. */
  headersMax: number
  headerBytesMax: number
  groupsPerEventMax: number
  eventsMax: number
  /** Handlers of one consumer at a time. */
  concurrencyMax: number
  /** Rows of one page of a list. */
  pageMax: number
  /** Text of a cause or reason, characters; a cause is cut, a reason refused. */
  causeCharsMax: number
  /** Longest delay of a message, ms. */
  delayMsMax: number
  /** Messages that wait to be sent; a publish beyond it is refused with `OUTBOX_FULL`. */
  outboxWaitingMax: number
  /** Messages set aside behind a parked one of their key; more wait in the transport. */
  asidePerKeyMax: number
  /** Messages the relay hands to the transport at a time. */
  relayBatchMax: number
  /** Refusals of one message by the transport; then it is parked. */
  publishAttemptsMax: number
  /** Keys that a per-key rate is kept for at a time. */
  rateKeysMax: number
}

const KiB = 1024
const DAY_MS = 86_400_000

export const LIMITS: Limits = {
  payloadBytesMax: 1024 * KiB,
  nameCharsMax: 128,
  idCharsMax: 255,
  headersMax: 64,
  headerBytesMax: 16 * KiB,
  groupsPerEventMax: 100,
  eventsMax: 10_000,
  concurrencyMax: 1_000,
  pageMax: 1_000,
  causeCharsMax: 2_000,
  delayMsMax: 365 * DAY_MS,
  outboxWaitingMax: 1_000_000,
  asidePerKeyMax: 10_000,
  relayBatchMax: 500,
  publishAttemptsMax: 50,
  rateKeysMax: 100_000,
}

/** A text that says why, as it can be stored: PostgreSQL takes no NUL, and nobody reads on. */
export function causeText(text: string, { causeCharsMax }: Limits): string {
  return text.replaceAll('\0', '\uFFFD').slice(0, causeCharsMax)
}

/** What databases would store as something else, or not at all. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it looks for
export const CONTROL = /[\u0000-\u001f\u007f]/
