/**
 * Keeps short-lived marks for the weak forms of idempotency: in memory, or in a cache server. What
 * it keeps may expire or be lost; that is why those forms are called weak.
 */
export interface GuardStore {
  /**
   * Sets `key` to `value` for `ttlMs` if it is not set; returns the value it had, else undefined.
   */
  setIfAbsent(key: string, value: string, ttlMs: number): Promise<string | undefined>
  /** Replaces `from` by `to` (undefined: removes it). False when the value is not `from`. */
  swap(key: string, from: string, to: string | undefined, ttlMs: number): Promise<boolean>
}
