/** Why something about users is refused. */
export type AuthReason =
  /** A name, a pattern or a value is wrong. */
  | 'argument'
  /** No such user or virtual host. */
  | 'unknown'
  /** A stated limit would be passed. */
  | 'limit'

export class AuthError extends Error {
  readonly reason: AuthReason
  constructor(reason: AuthReason, message: string) {
    super(message)
    this.name = 'AuthError'
    this.reason = reason
  }
}
