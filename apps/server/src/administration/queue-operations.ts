import type { Operations } from './operation.ts'

export const QUEUE_OPERATIONS: Operations = {
  'queues.list': async (input, { administration }) => {
    return { queues: await administration.queues.list(input.textOr('vhost', undefined)) }
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
