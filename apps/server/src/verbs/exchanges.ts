import type { BindingInfo, ExchangeInfo } from '@hufu/broker/amqp'
import type { Verb } from '../verb.ts'
import { adminVerb, OF_VHOST_LINE, textOf, VHOST, VHOST_LINE, vhostOf } from './admin-verb.ts'
import { textTable } from './text-table.ts'

const list = adminVerb<{ exchanges: ExchangeInfo[] }>({
  name: 'exchanges list',
  args: [],
  about: 'Lists the exchanges',
  more: ['Example: hufu exchanges list', OF_VHOST_LINE],
  options: VHOST,
  operation: 'exchanges.list',
  input: (call) => ({ vhost: textOf(call, 'vhost') }),
  show: ({ exchanges }) =>
    textTable(
      ['vhost', 'exchange', 'type', 'durable', 'auto-delete', 'internal', 'arguments'],
      exchanges.map((each) => [
        ...[each.vhost, each.name || '(default)', each.type, each.durable, each.autoDelete],
        ...[each.internal, JSON.stringify(each.arguments)],
      ]),
    ),
})

const remove = adminVerb<{ exchange: string }>({
  name: 'exchanges delete',
  args: ['EXCHANGE'],
  about: 'Deletes an exchange and its bindings',
  more: ['Example: hufu exchanges delete old --yes', VHOST_LINE],
  options: VHOST,
  destructive: true,
  operation: 'exchanges.delete',
  input: (call) => ({ vhost: vhostOf(call), exchange: call.args[0] }),
  show: ({ exchange }) => `Exchange ${exchange} is deleted`,
})

const bindings = adminVerb<{ bindings: BindingInfo[] }>({
  name: 'bindings list',
  args: [],
  about: 'Lists the bindings, but for those of the default exchange',
  more: ['Example: hufu bindings list', OF_VHOST_LINE],
  options: VHOST,
  operation: 'bindings.list',
  input: (call) => ({ vhost: textOf(call, 'vhost') }),
  show: ({ bindings: all }) =>
    textTable(
      ['vhost', 'exchange', 'to', 'destination', 'key', 'arguments'],
      all.map(({ vhost, source, destination, key, arguments: args }) => {
        return [vhost, source, destination.kind, destination.name, key, JSON.stringify(args)]
      }),
    ),
})

const unbind = adminVerb<{ removed: number }>({
  name: 'bindings remove',
  args: ['EXCHANGE', 'DESTINATION', 'KEY'],
  about: 'Removes what binds a queue to an exchange with a key, whatever its arguments',
  more: [
    "Example: hufu bindings remove amq.topic orders 'order.#'",
    '--to-exchange    the destination is an exchange',
    VHOST_LINE,
  ],
  options: { 'to-exchange': { type: 'boolean' }, ...VHOST },
  operation: 'bindings.remove',
  input: (call) => {
    const [exchange, destination, key] = call.args
    const kind = call.options['to-exchange'] === true ? 'exchange' : 'queue'
    return { vhost: vhostOf(call), exchange, destination, key, kind }
  },
  show: ({ removed }) => `${removed} bindings are removed`,
})

export const EXCHANGES: readonly Verb[] = [list, remove, bindings, unbind]
