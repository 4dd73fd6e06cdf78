import type { PasswordHash } from './password-hash.ts'
import type { Passwords } from './passwords.ts'
import type { Permission, RecordChange, User } from './records.ts'
import { permissionRecord, userRecord, vhostRecord } from './records.ts'
import type { Users } from './users.ts'

export type Login =
  | {
      readonly user: User
      /** To be stored and applied when there is time: the password hash of a newer kind. */
      readonly changes: readonly RecordChange[]
    }
  /** In RabbitMQ's words. */
  | { readonly refused: string }

/** RabbitMQ lets `guest` in from the same machine only. */
const LOOPBACK_ONLY: readonly string[] = ['guest']

/**
 * Lets a user in, or says why not. Whether the name or the password was wrong, neither the answer
 * nor its time tells.
 * @throws AuthError `limit`: too many logins wait
 */
export async function login(
  known: { users: Users; passwords: Passwords },
  given: { name: string; password: string; fromLoopback: boolean },
  loopbackOnly = LOOPBACK_ONLY,
): Promise<Login> {
  const { name, password, fromLoopback } = given
  const stored = known.users.user(name)?.password
  const { right, rehashed } = await known.passwords.verify(password, stored)
  const user = known.users.user(name)
  // Meanwhile somebody has stored another one.
  if (user?.password?.hash !== stored?.hash) return login(known, given, loopbackOnly)
  if (!right || user === undefined) return { refused: `user '${name}' - invalid credentials` }
  if (loopbackOnly.includes(name) && !fromLoopback) {
    return { refused: `user '${name}' can only connect via localhost` }
  }
  const newer = rehashed === undefined ? undefined : { ...user, password: rehashed }
  return { user, changes: newer === undefined ? [] : [userRecord(newer)] }
}

/** What a new broker starts with: `/`, and `guest` with all rights in it. */
export function firstRecords(password: PasswordHash): RecordChange[] {
  const all: Permission = { user: 'guest', vhost: '/', configure: '.*', write: '.*', read: '.*' }
  return [
    vhostRecord({ name: '/', description: 'Default virtual host' }),
    userRecord({ name: 'guest', tags: ['administrator'], password }),
    permissionRecord(all),
  ]
}
