/** One weak form of idempotency, as `consumeWeak` uses it. Made by `weakLock` and `weakToken`. */
export interface WeakGuard {
  /** `mine`: go ahead. `busy`: somebody is at it. `done`: it was done, with this result (JSON). */
  begin(key: string, token: string | undefined): Promise<WeakBegin>
  /** The work took place. */
  finish(mark: string, result: string): Promise<void>
  /** The work failed and may be tried again. */
  release(mark: string): Promise<void>
}

export type WeakBegin =
  | { readonly state: 'mine'; readonly mark: string }
  | { readonly state: 'busy' }
  | { readonly state: 'done'; readonly result: string }
