import type { PublisherMessage } from '../../api.ts'

/** Bytes of publishes on their way to the disk: of all connections, and of one. */
const ALL_MAX = 24 << 20
const ONE_MAX = 2 << 20

/** What a message weighs besides its bytes, and each of its queues: memory, log, and time. */
const MESSAGE_WEIGHT = 100
const QUEUE_WEIGHT = 50

/** Of bodies that are being read and publishes on their way together: more large ones wait. */
const READ_MAX = 256 << 20

/** Whose publishes are not read any more is read again at this part of the limit. */
const AGAIN = 0.5

/** Bytes that a publish counts for on its way, also where it is small and goes to many queues. */
export function weightOf({ body, properties, queues }: PublisherMessage): number {
  const bytes = body.length + (properties?.length ?? 0)
  return MESSAGE_WEIGHT + bytes + QUEUE_WEIGHT * (queues?.length ?? 0)
}

/** A large body that is being read, or waits to be. */
export interface Reading {
  readonly bytes: number
  readonly sender: Sender
  waits: boolean
}

/** Somebody whose socket can be left unread. */
export interface Sender {
  hold(): void
  release(): void
}

/**
 * Publishes of all connections on their way to the disk. Beyond a limit whoever publishes is not
 * read for a while: what comes is not refused only because it comes fast, and one who floods does
 * not fill the line of the others.
 */
export class PublishFlow {
  /** Of these, what the core has. */
  #handed = 0
  /** What waits for room in the core, in turn. */
  readonly #waiting: { readonly bytes: number; readonly go: () => void }[] = []
  /** Bytes of large bodies that are being read: all, and by sender how many bodies. */
  #reading = 0
  readonly #readers = new Map<Sender, number>()
  readonly #toRead: Reading[] = []
  #bytes = 0
  readonly #bySender = new Map<Sender, number>()
  readonly #held = new Set<Sender>()

  add(bytes: number, sender: Sender): void {
    this.#bytes += bytes
    const own = (this.#bySender.get(sender) ?? 0) + bytes
    this.#bySender.set(sender, own)
    if ((own <= ONE_MAX && this.#bytes <= ALL_MAX) || this.#held.has(sender)) return
    this.#held.add(sender)
    sender.hold()
  }

  /**
   * A large body begins. While there is no room for it its sender is not read; who is in the middle
   * of another one goes on, or that would never end.
   */
  reading(bytes: number, sender: Sender): Reading {
    const reading = { bytes, sender, waits: false }
    if (this.#readers.has(sender) || (this.#toRead.length === 0 && this.#mayRead(bytes))) {
      this.#read(reading)
    } else {
      reading.waits = true
      this.#toRead.push(reading)
      sender.hold()
    }
    return reading
  }

  /** It is whole, or will never be. */
  readingOver(reading: Reading): void {
    if (reading.waits) {
      this.#toRead.splice(this.#toRead.indexOf(reading), 1)
      reading.sender.release()
    } else {
      this.#reading -= reading.bytes
      const others = this.#readers.get(reading.sender)! - 1
      if (others > 0) this.#readers.set(reading.sender, others)
      else this.#readers.delete(reading.sender)
    }
    this.#readNext()
  }

  #mayRead(bytes: number): boolean {
    const before = this.#reading + this.#bytes
    return before === 0 || before + bytes <= READ_MAX
  }

  #read({ bytes, sender }: Reading): void {
    this.#reading += bytes
    this.#readers.set(sender, (this.#readers.get(sender) ?? 0) + 1)
  }

  #readNext(): void {
    while (this.#toRead.length > 0 && this.#mayRead(this.#toRead[0]!.bytes)) {
      const reading = this.#toRead.shift()!
      reading.waits = false
      this.#read(reading)
      reading.sender.release()
    }
  }

  /**
   * True: what was added may go to the core now. Else `go` is called in its turn, when it may: the
   * core refuses what is too much at once.
   */
  admit(bytes: number, go: () => void): boolean {
    if (this.#waiting.length === 0 && this.#hasRoom(bytes)) {
      this.#handed += bytes
      return true
    }
    this.#waiting.push({ bytes, go })
    return false
  }

  /** Something larger than the limit goes alone. */
  #hasRoom(bytes: number): boolean {
    return this.#handed === 0 || this.#handed + bytes <= ALL_MAX
  }

  #admitWaiting(): void {
    while (this.#waiting.length > 0 && this.#hasRoom(this.#waiting[0]!.bytes)) {
      const { bytes, go } = this.#waiting.shift()!
      this.#handed += bytes
      go()
    }
  }

  done(bytes: number, sender: Sender): void {
    this.#handed -= bytes
    this.#admitWaiting()
    const before = this.#bytes
    this.#bytes -= bytes
    const own = (this.#bySender.get(sender) ?? 0) - bytes
    if (own > 0) this.#bySender.set(sender, own)
    else this.#bySender.delete(sender)
    this.#readNext()
    if (this.#held.size === 0) return
    const low = ALL_MAX * AGAIN
    if (before > low && this.#bytes <= low) for (const each of this.#held) this.#look(each)
    else this.#look(sender)
  }

  #look(sender: Sender): void {
    const own = this.#bySender.get(sender) ?? 0
    if (own > ONE_MAX * AGAIN || this.#bytes > ALL_MAX || !this.#held.delete(sender)) return
    sender.release()
  }
}
