import type { Input } from './input.ts'
import type { Operations } from './operation.ts'

export const PERMISSION_OPERATIONS: Operations = {
  'permissions.list': (input, { administration: { permissions } }) => {
    const of = { user: input.textOr('user', undefined), vhost: input.textOr('vhost', undefined) }
    return { permissions: permissions.list(of), topicPermissions: permissions.listTopic(of) }
  },

  'permissions.set': async (input, { administration }) => {
    const rights = { configure: input.text('configure'), ...patternsOf(input) }
    const permission = { ...placeOf(input), ...rights }
    await administration.permissions.set(permission)
    return permission
  },

  'permissions.clear': async (input, { administration }) => {
    const { user, vhost } = placeOf(input)
    await administration.permissions.clear(user, vhost)
    return { user, vhost }
  },

  'permissions.set-topic': async (input, { administration }) => {
    const exchange = input.textOr('exchange', '')
    const permission = { ...placeOf(input), exchange, ...patternsOf(input) }
    await administration.permissions.setTopic(permission)
    return permission
  },

  'permissions.clear-topic': async (input, { administration }) => {
    const { user, vhost } = placeOf(input)
    const exchange = input.textOr('exchange', undefined)
    await administration.permissions.clearTopic(user, vhost, exchange)
    return { user, vhost, exchange }
  },
}

function placeOf(input: Input): { user: string; vhost: string } {
  return { user: input.text('user'), vhost: input.text('vhost') }
}

function patternsOf(input: Input): { write: string; read: string } {
  return { write: input.text('write'), read: input.text('read') }
}
