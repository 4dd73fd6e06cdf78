import type { Place } from './definition-place.ts'
import { checkName } from './names.ts'
import type { PasswordHash } from './password-hash.ts'
import { checkHash } from './password-hash.ts'
import { compilePattern } from './pattern.ts'
import type { Permission, TopicPermission, User, VirtualHost } from './records.ts'
import { permissionRecord, topicPermissionRecord } from './records.ts'

/** A user of a definitions file; some files have passwords in clear. */
export interface DefinedUser extends User {
  readonly plainPassword?: string
}

const ALGORITHMS: Readonly<Record<string, PasswordHash['algorithm']>> = {
  rabbit_password_hashing_sha256: 'sha256',
  rabbit_password_hashing_sha512: 'sha512',
  hufu_password_hashing_scrypt: 'scrypt',
}

export function readUser(user: Place): DefinedUser {
  return {
    name: readName(user.at('name'), 'user'),
    tags: readTags(user.at('tags')),
    ...readPassword(user),
    ...limitsOf(user.at('limits'), {
      connectionsMax: 'max-connections',
      channelsMax: 'max-channels',
    }),
  }
}

export function readVhost(vhost: Place): VirtualHost {
  const metadata = vhost.at('metadata').fieldsOrNone()
  const description = vhost.at('description').text(String(metadata.description ?? ''))
  const type = vhost.at('default_queue_type').text('undefined')
  return {
    name: readName(vhost.at('name'), 'virtual host'),
    ...(description === '' ? {} : { description }),
    tags: readTags(vhost.at('tags')),
    ...(type === 'classic' || type === 'quorum' ? { defaultQueueType: type } : {}),
  }
}

/** The limits of a virtual host stand among the parameters. */
export function readVhostLimits(parameter: Place): Pick<VirtualHost, 'connectionsMax'> {
  return limitsOf(parameter.at('value'), {
    connectionsMax: 'max-connections',
    queuesMax: 'max-queues',
  })
}

export function readPermission(permission: Place): Permission {
  const read = {
    user: permission.at('user').text(),
    vhost: permission.at('vhost').text(),
    configure: readPattern(permission.at('configure')),
    write: readPattern(permission.at('write')),
    read: readPattern(permission.at('read')),
  }
  permission.checked(() => permissionRecord(read))
  return read
}

export function readTopicPermission(permission: Place): TopicPermission {
  const read = {
    user: permission.at('user').text(),
    vhost: permission.at('vhost').text(),
    exchange: permission.at('exchange').text(''),
    write: permission.at('write').text(),
    read: permission.at('read').text(),
  }
  permission.checked(() => topicPermissionRecord(read))
  return read
}

export function readName(name: Place, what: string): string {
  const text = name.text()
  name.checked(() => checkName(what, text))
  return text
}

export function readPattern(pattern: Place): string {
  const text = pattern.text()
  pattern.checked(() => compilePattern(text))
  return text
}

/** A list, or in older files one text with commas. */
function readTags(tags: Place): string[] {
  if (typeof tags.value !== 'string') return tags.list().map((tag) => tag.text())
  return tags.value.split(/[\s,]+/).filter((tag) => tag !== '')
}

/** An empty hash means that no password lets the user in. */
function readPassword(user: Place): Pick<DefinedUser, 'password' | 'plainPassword'> {
  const plain = user.at('password')
  if (!plain.isMissing) return { plainPassword: plain.text() }
  const hash = user.at('password_hash').text('')
  if (hash === '') return {}
  const named = user.at('hashing_algorithm')
  const algorithm = ALGORITHMS[named.text('rabbit_password_hashing_sha256')]
  if (algorithm === undefined) throw named.wants(`one of ${Object.keys(ALGORITHMS).join(', ')}`)
  const password = { algorithm, hash }
  user.at('password_hash').checked(() => checkHash(password))
  return { password }
}

/** Negative means no limit. */
function limitsOf(limits: Place, names: Readonly<Record<string, string>>) {
  if (Object.keys(limits.fieldsOrNone()).length === 0) return {}
  const given = Object.entries(names).map(([field, name]) => {
    return [field, limits.at(name).integer(-1)] as const
  })
  return Object.fromEntries(given.filter(([, limit]) => limit >= 0))
}
