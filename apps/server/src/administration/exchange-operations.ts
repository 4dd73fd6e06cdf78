import { InputError } from './input.ts'
import type { Operations } from './operation.ts'

export const EXCHANGE_OPERATIONS: Operations = {
  'exchanges.list': async (input, { administration }) => {
    return { exchanges: await administration.exchanges.list(input.textOr('vhost', undefined)) }
  },

  'exchanges.delete': async (input, { administration }) => {
    const [vhost, exchange] = [input.text('vhost'), input.text('exchange')]
    await administration.exchanges.delete(vhost, exchange)
    return { vhost, exchange }
  },

  'bindings.list': async (input, { administration }) => {
    return { bindings: await administration.exchanges.bindings(input.textOr('vhost', undefined)) }
  },

  'bindings.remove': async (input, { administration }) => {
    const kind = input.textOr('kind', 'queue')
    if (kind !== 'queue' && kind !== 'exchange') {
      throw new InputError(`kind is '${kind}', not queue or exchange`)
    }
    const binding = {
      source: input.text('exchange'),
      destination: { kind, name: input.text('destination') },
      key: input.text('key'),
    } as const
    const vhost = input.text('vhost')
    return { vhost, ...binding, removed: await administration.exchanges.unbind(vhost, binding) }
  },
}
