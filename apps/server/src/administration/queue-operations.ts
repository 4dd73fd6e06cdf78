import type { Operations } from './operation.ts'

const TYPE = 'x-queue-type'

export const QUEUE_OPERATIONS: Operations = {
  'queues.list': async (input, { administration }) => {
    return { queues: await administration.queues.list(input.textOr('vhost', undefined)) }
  },

  'queues.add': async (input, { administration }) => {
    const [vhost, name] = [input.text('vhost'), input.text('queue')]
    const type = input.textOr('type', undefined)
    const given = { ...input.tableOr('arguments'), ...(type !== undefined && { [TYPE]: type }) }
    const autoDelete = input.flag('autoDelete')
    await administration.queues.add(vhost, { name, autoDelete, arguments: given })
    return { vhost, queue: name, autoDelete, arguments: given }
  },

  'queues.delete': async (input, { administration }) => {
    const [vhost, queue] = [input.text('vhost'), input.text('queue')]
    return { vhost, queue, messages: await administration.queues.delete(vhost, queue) }
  },

  'queues.purge': async (input, { administration }) => {
    const [vhost, queue] = [input.text('vhost'), input.text('queue')]
    return { vhost, queue, messages: await administration.queues.purge(vhost, queue) }
  },
}
