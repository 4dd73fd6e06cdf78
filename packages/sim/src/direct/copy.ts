/** Times to live that may be a message's in the queue that is changed, ms. */
export interface Lives {
  least: number
  most: number
}

/** Messages, and settles, that take effect as a whole. */
export interface Group {
  readonly name: string
  readonly sents: Sent[]
  /** A settle is void when its consumer was closed before the commit came to it. */
  readonly settles: HeldSettle[]
  /** Whether somebody has asked for its commit, and was told that it is stored. */
  commit: 'no' | 'asked' | 'confirmed'
}

/** A message as it was given to the broker. */
export interface Sent {
  readonly token: string
  readonly body: Uint8Array
  readonly queues: readonly string[]
  readonly key: string | undefined
  /** Rises with the calls of `publish`. */
  readonly order: number
  readonly due: Moment | undefined
  /** Its time to live, ms, counted from when it is taken, or due. */
  readonly expiresMs: number | undefined
  readonly delayMs: number
  /** What the queue `changing` may give it. */
  readonly changing: Lives
  /** The broker's time when it was sent, ms, and its life. */
  readonly brokerTime: number
  readonly life: number
  /** Lives that had ended without order when it was sent. */
  readonly uncleanEnds: number
  /** What it became visible with; undefined: it was published alone. */
  readonly group: Group | undefined
  /** Set when the broker has confirmed it, or shown it. */
  id: number | undefined
  confirmed: boolean
  /** The broker said no; it must never be seen. */
  refused: boolean
}

/** A time before which nothing may happen, as each of the clocks tells it. */
export interface Moment {
  /** Virtual time that never jumps, ms. */
  readonly elapsed: number
  /** The broker's time, ms. */
  readonly brokerTime: number
  /** The life in which it was set; it binds later ones once it is stored. */
  readonly life: number
  /** By how much the wall clock had jumped forward by then, ms. */
  readonly jumped: number
  stored: boolean
}

interface HeldSettle {
  readonly copy: Copy
  readonly consumer: { readonly closed: boolean }
  /** Deliveries of the copy when it was said. */
  readonly delivered: number
}

/** One message in one of its queues, or in the dead-letter queue by way of it. */
export interface Copy {
  readonly sent: Sent
  readonly queue: string
  delivered: number
  /** Life and consumer that have it unsettled; undefined when nobody has. */
  holder: { life: number; consumer: number } | undefined
  failuresAsked: number
  failuresConfirmed: number
  /** With its last delivery from its own queue. */
  attempts: number
  /** Crashes that struck while a consumer had it and had said nothing. */
  cutOff: number
  /** `gone`: settled as done, or removed by a person. */
  gone: 'no' | 'asked' | 'confirmed'
  /** It was given up in its own queue: dead-lettered or parked. */
  givenUp: 'no' | 'asked' | 'confirmed'
  /** Its id in the dead-letter queue, once seen. */
  deadId: number | undefined
  notBefore: Moment | undefined
  /** It had left the order of its key: delayed from the start, given up, or moved by a person. */
  unordered: boolean
  /** A person had it delivered, whatever its attempts. */
  byPerson: boolean
  /** Its consumer put it back at once, last. */
  requeued: boolean
  /** Its time to live was over, and nothing else had become of it. */
  expired: boolean
  /** A consumer had it while its queue was purged. */
  purged: boolean
}

export function newCopy(sent: Sent, queue: string): Copy {
  return {
    sent,
    queue,
    delivered: 0,
    holder: undefined,
    failuresAsked: 0,
    failuresConfirmed: 0,
    attempts: 0,
    cutOff: 0,
    gone: 'no',
    givenUp: 'no',
    deadId: undefined,
    notBefore: sent.due,
    unordered: sent.due !== undefined,
    byPerson: false,
    requeued: false,
    expired: false,
    purged: false,
  }
}

export function nameOf(copy: Copy): string {
  return `${copy.sent.token} of ${copy.queue}`
}
