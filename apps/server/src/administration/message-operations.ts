import type { MoveOptions, Target } from '@hufu/broker/amqp'
import { type Input, InputError } from './input.ts'
import type { Context, Operations } from './operation.ts'

export const MESSAGE_OPERATIONS: Operations = {
  'queues.peek': async (input, { administration }) => {
    const [vhost, queue] = placeOf(input)
    const bodyBytesMax = input.countOr('bodyBytesMax', undefined)
    const messages = await administration.messages.peek(vhost, queue, {
      limit: input.countOr('limit', 10),
      afterId: input.countOr('afterId', 0),
      ...(bodyBytesMax !== undefined && { bodyBytesMax }),
      ...(input.flag('parked') && { state: 'parked' }),
    })
    return { vhost, queue, messages }
  },

  'queues.move': async (input, context) => {
    const [vhost, queue] = placeOf(input)
    const { messages } = context.administration
    return messages.move(vhost, queue, targetOf(input), optionsOf(input, context))
  },

  'queues.redrive': async (input, context) => {
    const [vhost, queue] = placeOf(input)
    const { messages } = context.administration
    const toQueue = input.textOr('toQueue', undefined)
    const options = optionsOf(input, context)
    if (toQueue === undefined) return messages.redrive(vhost, queue, options)
    return messages.move(vhost, queue, { queue: toQueue }, options)
  },

  'parked.retry': (input, context) => resolved(input, context, 'retry'),

  'parked.discard': (input, context) => resolved(input, context, 'discard'),
}

/** With no ids: all that are parked. */
async function resolved(
  input: Input,
  { administration: { messages } }: Context,
  word: 'retry' | 'discard',
): Promise<object> {
  const [vhost, queue] = placeOf(input)
  const ids = input.texts('ids').map((id) => {
    if (/^\d{1,15}$/.test(id)) return Number(id)
    throw new InputError(`the id '${id}' is no whole number`)
  })
  const done = await messages.resolve(vhost, queue, word, ids.length > 0 ? ids : undefined)
  return { vhost, queue, word, messages: done, asked: ids.length > 0 ? ids.length : done }
}

function placeOf(input: Input): [vhost: string, queue: string] {
  return [input.text('vhost'), input.text('queue')]
}

function targetOf(input: Input): Target {
  const queue = input.textOr('toQueue', undefined)
  if (queue !== undefined) return { queue }
  const routingKey = input.textOr('routingKey', undefined)
  return { exchange: input.text('toExchange'), routingKey }
}

function optionsOf(input: Input, { signal, progress }: Context): MoveOptions {
  const rate = input.countOr('rate', undefined)
  if (rate === 0) throw new InputError('the rate is 0: nothing would ever be moved')
  return { limit: input.countOr('limit', undefined), rate, signal, progress }
}
