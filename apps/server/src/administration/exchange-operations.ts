import { type Input, InputError } from './input.ts'
import type { Operations } from './operation.ts'

export const EXCHANGE_OPERATIONS: Operations = {
  'exchanges.list': async (input, { administration }) => {
    return { exchanges: await administration.exchanges.list(input.textOr('vhost', undefined)) }
  },

  'exchanges.add': async (input, { administration }) => {
    const vhost = input.text('vhost')
    const exchange = {
      ...{ name: input.text('exchange'), type: input.text('type') },
      ...{ autoDelete: input.flag('autoDelete'), internal: input.flag('internal') },
      arguments: input.tableOr('arguments'),
    }
    await administration.exchanges.add(vhost, exchange)
    return { vhost, ...exchange }
  },

  'exchanges.delete': async (input, { administration }) => {
    const [vhost, exchange] = [input.text('vhost'), input.text('exchange')]
    await administration.exchanges.delete(vhost, exchange)
    return { vhost, exchange }
  },

  'bindings.list': async (input, { administration }) => {
    return { bindings: await administration.exchanges.bindings(input.textOr('vhost', undefined)) }
  },

  'bindings.add': async (input, { administration }) => {
    const vhost = input.text('vhost')
    const binding = { ...bindingOf(input), arguments: input.tableOr('arguments') }
    await administration.exchanges.bind(vhost, binding)
    return { vhost, ...binding }
  },

  'bindings.remove': async (input, { administration }) => {
    const [vhost, binding] = [input.text('vhost'), bindingOf(input)]
    return { vhost, ...binding, removed: await administration.exchanges.unbind(vhost, binding) }
  },
}

function bindingOf(input: Input) {
  const kind = input.textOr('kind', 'queue')
  if (kind !== 'queue' && kind !== 'exchange') {
    throw new InputError(`kind is '${kind}', not queue or exchange`)
  }
  const destination = { kind, name: input.text('destination') } as const
  return { source: input.text('exchange'), destination, key: input.text('key') }
}
