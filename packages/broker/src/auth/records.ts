import { AuthError } from './errors.ts'
import { checkName } from './names.ts'
import type { PasswordHash } from './password-hash.ts'
import { checkHash } from './password-hash.ts'
import { compilePattern } from './pattern.ts'

/** What one may do with an exchange or a queue. */
export type Right = 'configure' | 'write' | 'read'

export interface User {
  readonly name: string
  /** Such as `administrator`; what they allow is the management's matter. */
  readonly tags: readonly string[]
  /** Without one, no password lets the user in. */
  readonly password?: PasswordHash
  readonly connectionsMax?: number
  readonly channelsMax?: number
}

export interface VirtualHost {
  readonly name: string
  readonly description?: string
  readonly tags?: readonly string[]
  /** Type of queues whose declaration names none. */
  readonly defaultQueueType?: 'classic' | 'quorum'
  readonly connectionsMax?: number
  readonly queuesMax?: number
}

/**
 * Regular expressions over names, each right with its own; not anchored, as in RabbitMQ, and an
 * empty one fits no name but the empty one.
 */
export interface Permission {
  readonly user: string
  readonly vhost: string
  readonly configure: string
  readonly write: string
  readonly read: string
}

/** Narrows what a user may send to, or bind, by routing key; `{username}` and `{vhost}` stand. */
export interface TopicPermission {
  readonly user: string
  readonly vhost: string
  /** Empty = every topic exchange without its own. */
  readonly exchange: string
  readonly write: string
  readonly read: string
}

/** One thing to be kept durably; undefined removes it. */
export interface RecordChange {
  readonly key: string
  readonly value: Uint8Array | undefined
}

/** The keys of all records of users start so. */
const AUTH_RECORDS = 'auth/'

const KEY_BYTES_MAX = 1_024

/** Which thing a key is of: its kind, and the names in it. */
export function readKey(key: string): readonly [kind: string, ...names: string[]] {
  const [kind = '', ...names] = key.slice(AUTH_RECORDS.length).split('/')
  return [kind, ...names.map((name) => name.replaceAll('%2F', '/').replaceAll('%25', '%'))]
}

function keyOf(kind: string, ...names: string[]): string {
  const escaped = names.map((name) => name.replaceAll('%', '%25').replaceAll('/', '%2F'))
  const key = `${AUTH_RECORDS}${[kind, ...escaped].join('/')}`
  if (Buffer.byteLength(key) <= KEY_BYTES_MAX) return key
  throw new AuthError('limit', `Naming a ${kind}: its names are too long together`)
}

function recordOf(key: string, value: object): RecordChange {
  return { key, value: Buffer.from(JSON.stringify(value)) }
}

/** @throws AuthError `argument` */
export function userRecord(user: User): RecordChange {
  checkName('user', user.name)
  if (user.password !== undefined) checkHash(user.password)
  return recordOf(keyOf('user', user.name), user)
}

/** @throws AuthError `argument` */
export function vhostRecord(vhost: VirtualHost): RecordChange {
  checkName('virtual host', vhost.name)
  return recordOf(keyOf('vhost', vhost.name), vhost)
}

/** @throws AuthError `argument`, `limit` */
export function permissionRecord(permission: Permission): RecordChange {
  const { user, vhost, configure, write, read } = permission
  for (const pattern of [configure, write, read]) compilePattern(pattern)
  return recordOf(keyOf('permission', user, vhost), permission)
}

/** @throws AuthError `argument`, `limit` */
export function topicPermissionRecord(permission: TopicPermission): RecordChange {
  const { user, vhost, exchange, write, read } = permission
  for (const pattern of [write, read]) compilePattern(expand(pattern, user, vhost))
  return recordOf(keyOf('topic-permission', user, vhost, exchange), permission)
}

/** The record that goes. */
export function noUser(name: string): RecordChange {
  return { key: keyOf('user', name), value: undefined }
}

export function noVhost(name: string): RecordChange {
  return { key: keyOf('vhost', name), value: undefined }
}

export function noPermission(user: string, vhost: string): RecordChange {
  return { key: keyOf('permission', user, vhost), value: undefined }
}

export function noTopicPermission(user: string, vhost: string, exchange: string): RecordChange {
  return { key: keyOf('topic-permission', user, vhost, exchange), value: undefined }
}

/** Puts the names into a pattern for routing keys; their own characters mean only themselves. */
export function expand(pattern: string, user: string, vhost: string): string {
  const literal = (name: string) => name.replace(/[^A-Za-z0-9_]/g, (char) => `\\${char}`)
  return pattern.replaceAll('{username}', literal(user)).replaceAll('{vhost}', literal(vhost))
}
