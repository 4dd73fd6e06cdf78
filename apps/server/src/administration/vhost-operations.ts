import type { VhostOptions } from '@hufu/broker/amqp'
import { type Input, InputError } from './input.ts'
import type { Operations } from './operation.ts'

export const VHOST_OPERATIONS: Operations = {
  'vhosts.list': (_, { administration }) => ({ vhosts: administration.vhosts.list() }),

  'vhosts.add': async (input, { administration }) => {
    const vhost = input.text('name')
    await administration.vhosts.add(vhost, optionsOf(input))
    return { vhost }
  },

  'vhosts.limits': async (input, { administration }) => {
    const vhost = input.text('name')
    const limits = {
      connectionsMax: input.limit('connectionsMax'),
      queuesMax: input.limit('queuesMax'),
    }
    await administration.vhosts.setLimits(vhost, limits)
    return { vhost, ...limits }
  },

  'vhosts.remove': async (input, { administration }) => {
    const vhost = input.text('name')
    await administration.vhosts.remove(vhost)
    return { vhost }
  },
}

function optionsOf(input: Input): VhostOptions {
  const [description, type] = [input.textOr('description', ''), input.textOr('queueType', '')]
  if (type !== '' && type !== 'classic' && type !== 'quorum') {
    throw new InputError(`queueType is '${type}', not classic or quorum`)
  }
  return {
    ...(description !== '' && { description }),
    ...(type !== '' && { defaultQueueType: type }),
    tags: input.texts('tags'),
  }
}
