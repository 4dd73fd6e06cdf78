/** What is to be done for a connection's heartbeats, by when something came and went. */
export class Heartbeats {
  /** Monotonic ms. */
  lastHeard = 0
  lastSent = 0

  begin(now: number): void {
    this.lastHeard = now
    this.lastSent = now
  }

  /**
   * `every`: ms that were agreed on, 0: no heartbeats. The other side is gone after two of them,
   * unless it is not `read`.
   */
  look(now: number, every: number, read: boolean): 'gone' | 'send' | undefined {
    if (every === 0) return undefined
    if (read && now - this.lastHeard > 2 * every) return 'gone'
    return now - this.lastSent >= every / 2 ? 'send' : undefined
  }
}
