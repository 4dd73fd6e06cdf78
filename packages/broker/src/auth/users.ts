import { compilePattern } from './pattern.ts'
import type {
  Permission,
  RecordChange,
  Right,
  TopicPermission,
  User,
  VirtualHost,
} from './records.ts'
import { expand, noPermission, noTopicPermission, noUser, noVhost, readKey } from './records.ts'

type Test = (name: string) => boolean

/** Answers remembered; a full memory starts again. */
const REMEMBERED_MAX = 10_000

/**
 * Users, virtual hosts, and who may do what. It holds what `apply` was given; a change is first
 * made durable (`userRecord` and its like), then applied.
 */
export class Users {
  readonly #users = new Map<string, User>()
  readonly #vhosts = new Map<string, VirtualHost>()
  readonly #permissions = new Map<string, Permission>()
  readonly #topics = new Map<string, TopicPermission>()
  readonly #tests = new Map<string, Test>()
  readonly #remembered = new Map<string, boolean>()

  /** Takes records as they were stored, at the start and after each change. */
  apply(records: Iterable<RecordChange>): void {
    for (const { key, value } of records) {
      const [kind, ...names] = readKey(key)
      const kept = this.#keptOf(kind)
      if (kept === undefined) continue
      const thing = value && JSON.parse(Buffer.from(value).toString())
      if (thing === undefined) kept.delete(idOf(...names))
      else kept.set(idOf(...names), thing)
    }
    this.#tests.clear()
    this.#remembered.clear()
  }

  user(name: string): User | undefined {
    return this.#users.get(idOf(name))
  }

  users(): User[] {
    return [...this.#users.values()]
  }

  vhost(name: string): VirtualHost | undefined {
    return this.#vhosts.get(idOf(name))
  }

  vhosts(): VirtualHost[] {
    return [...this.#vhosts.values()]
  }

  /** Whether the user may open the virtual host at all. */
  permission(user: string, vhost: string): Permission | undefined {
    return this.#permissions.get(idOf(user, vhost))
  }

  permissions(): Permission[] {
    return [...this.#permissions.values()]
  }

  topicPermissions(): TopicPermission[] {
    return [...this.#topics.values()]
  }

  /** `name`: of a queue or an exchange; the default exchange counts as `amq.default`. */
  may(user: string, vhost: string, right: Right, name: string): boolean {
    return this.#remember(`${right} ${idOf(user, vhost, name)}`, () => {
      const pattern = this.permission(user, vhost)?.[right]
      if (pattern === undefined) return false
      return this.#test(pattern === '' ? '^$' : pattern)(name === '' ? 'amq.default' : name)
    })
  }

  /**
   * Whether the routing key may be used with a topic exchange: to send (`write`) or in a binding
   * (`read`). Without a permission for the exchange every key may.
   */
  mayUseKey(
    user: string,
    vhost: string,
    exchange: string,
    right: 'write' | 'read',
    key: string,
  ): boolean {
    const of = (name: string) => this.#topics.get(idOf(user, vhost, name))
    const permission = of(exchange) ?? of('')
    if (permission === undefined) return true
    const pattern = permission[right]
    return this.#test(pattern === '' ? '^$' : expand(pattern, user, vhost))(key)
  }

  /** The records that go with a user: the caller removes them, all or none. */
  withoutUser(name: string): RecordChange[] {
    return [noUser(name), ...this.#without((each) => each.user === name)]
  }

  withoutVhost(name: string): RecordChange[] {
    return [noVhost(name), ...this.#without((each) => each.vhost === name)]
  }

  #without(goes: (each: { user: string; vhost: string }) => boolean): RecordChange[] {
    return [
      ...this.permissions()
        .filter(goes)
        .map(({ user, vhost }) => noPermission(user, vhost)),
      ...this.topicPermissions()
        .filter(goes)
        .map(({ user, vhost, exchange }) => noTopicPermission(user, vhost, exchange)),
    ]
  }

  #keptOf(kind: string): Map<string, unknown> | undefined {
    if (kind === 'user') return this.#users
    if (kind === 'vhost') return this.#vhosts
    if (kind === 'permission') return this.#permissions
    return kind === 'topic-permission' ? this.#topics : undefined
  }

  #test(pattern: string): Test {
    const known = this.#tests.get(pattern)
    if (known !== undefined) return known
    const test = testOf(pattern)
    this.#tests.set(pattern, test)
    return test
  }

  #remember(question: string, ask: () => boolean): boolean {
    const known = this.#remembered.get(question)
    if (known !== undefined) return known
    const answer = ask()
    if (this.#remembered.size >= REMEMBERED_MAX) this.#remembered.clear()
    this.#remembered.set(question, answer)
    return answer
  }
}

/** A wrong pattern is not stored; should one be there all the same, it allows nothing. */
function testOf(pattern: string): Test {
  try {
    return compilePattern(pattern)
  } catch {
    return () => false
  }
}

/** Names have no control characters, so these are told apart. */
function idOf(...names: string[]): string {
  return names.join('\n')
}
