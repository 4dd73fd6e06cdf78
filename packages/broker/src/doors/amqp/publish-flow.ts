/** So many bytes of publishes may be on their way to the disk before their senders are not read. */
const HIGH_BYTES = 24 << 20
const LOW_BYTES = 16 << 20

/** Somebody whose socket can be left unread. */
export interface Sender {
  hold(): void
  release(): void
}

/**
 * Publishes of all connections on their way to the disk. Beyond a limit whoever publishes is not
 * read for a while: what comes is not refused only because it comes fast.
 */
export class PublishFlow {
  #bytes = 0
  readonly #held = new Set<Sender>()

  add(bytes: number, sender: Sender): void {
    this.#bytes += bytes
    if (this.#bytes <= HIGH_BYTES || this.#held.has(sender)) return
    this.#held.add(sender)
    sender.hold()
  }

  done(bytes: number): void {
    this.#bytes -= bytes
    if (this.#bytes > LOW_BYTES || this.#held.size === 0) return
    const senders = [...this.#held]
    this.#held.clear()
    for (const sender of senders) sender.release()
  }
}
