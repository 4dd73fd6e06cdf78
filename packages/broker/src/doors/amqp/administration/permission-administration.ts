import {
  noPermission,
  noTopicPermission,
  type Permission,
  permissionRecord,
  type TopicPermission,
  topicPermissionRecord,
} from '../../../auth/records.ts'
import { refusal, trying } from './administration-error.ts'
import type { AdministrationHost } from './administration-host.ts'

/** Undefined: of all. */
export interface PermissionsOf {
  readonly user?: string | undefined
  readonly vhost?: string | undefined
}

/** Who may do what where. A change holds for the next word of whoever is connected. */
export class PermissionAdministration {
  readonly #host: AdministrationHost

  constructor(host: AdministrationHost) {
    this.#host = host
  }

  list(of: PermissionsOf = {}): Permission[] {
    return sorted(this.#users.permissions().filter((each) => isOf(each, of)))
  }

  listTopic(of: PermissionsOf = {}): TopicPermission[] {
    return sorted(this.#users.topicPermissions().filter((each) => isOf(each, of)))
  }

  /** In place of what it had there. `unknown`, `argument`: a pattern is wrong. */
  set(permission: Permission): Promise<void> {
    return trying(`set permissions of user '${permission.user}'`, () => {
      this.#demand(permission)
      return this.#host.gate.change([permissionRecord(permission)])
    })
  }

  /** The user may not enter the virtual host any more; its connections stay, and may nothing. */
  clear(user: string, vhost: string): Promise<void> {
    return trying(`clear the permissions of user '${user}'`, async () => {
      if (this.#users.permission(user, vhost) === undefined) {
        throw refusal('unknown', `it has none in vhost '${vhost}'`)
      }
      await this.#host.gate.change([noPermission(user, vhost)])
    })
  }

  /** Narrows the routing keys for an exchange. `unknown`, `argument`. */
  setTopic(permission: TopicPermission): Promise<void> {
    return trying(`set topic permissions of user '${permission.user}'`, () => {
      this.#demand(permission)
      return this.#host.gate.change([topicPermissionRecord(permission)])
    })
  }

  /** Of one exchange, or of all. `unknown`. */
  clearTopic(user: string, vhost: string, exchange?: string): Promise<void> {
    return trying(`clear the topic permissions of user '${user}'`, async () => {
      const all = this.listTopic({ user, vhost })
      const gone = all.filter((each) => exchange === undefined || each.exchange === exchange)
      if (gone.length === 0) throw refusal('unknown', `it has none there in vhost '${vhost}'`)
      const { gate } = this.#host
      await gate.change(gone.map((each) => noTopicPermission(user, vhost, each.exchange)))
    })
  }

  get #users() {
    return this.#host.gate.users
  }

  #demand({ user, vhost }: { user: string; vhost: string }): void {
    if (this.#users.user(user) === undefined) throw refusal('unknown', `no user '${user}'`)
    if (this.#users.vhost(vhost) === undefined) throw refusal('unknown', `no vhost '${vhost}'`)
  }
}

function isOf(each: { user: string; vhost: string }, { user, vhost }: PermissionsOf): boolean {
  return (user ?? each.user) === each.user && (vhost ?? each.vhost) === each.vhost
}

/** By virtual host, then by user. */
function sorted<T extends { user: string; vhost: string; exchange?: string }>(all: T[]): T[] {
  const keyOf = ({ vhost, user, exchange = '' }: T) => [vhost, user, exchange].join('\n')
  return all.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
}
