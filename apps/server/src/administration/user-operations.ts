import type { Operations } from './operation.ts'

export const USER_OPERATIONS: Operations = {
  'users.list': (_, { administration }) => ({ users: administration.users.list() }),

  'users.add': async (input, { administration }) => {
    const name = input.text('name')
    await administration.users.add(name, input.textOr('password', undefined), input.texts('tags'))
    return { user: name }
  },

  'users.passwd': async (input, { administration }) => {
    const name = input.text('name')
    await administration.users.setPassword(name, input.textOr('password', undefined))
    return { user: name }
  },

  'users.tags': async (input, { administration }) => {
    const [name, tags] = [input.text('name'), input.texts('tags')]
    await administration.users.setTags(name, tags)
    return { user: name, tags }
  },

  'users.limits': async (input, { administration }) => {
    const name = input.text('name')
    const limits = {
      connectionsMax: input.limit('connectionsMax'),
      channelsMax: input.limit('channelsMax'),
    }
    await administration.users.setLimits(name, limits)
    return { user: name, ...limits }
  },

  'users.remove': async (input, { administration }) => {
    const name = input.text('name')
    await administration.users.remove(name)
    return { user: name }
  },
}
