import type { ConnectionInfo } from '@hufu/broker/amqp'
import type { Verb } from '../verb.ts'
import { UsageError } from '../verb.ts'
import { adminVerb, textOf } from './admin-verb.ts'
import { textTable } from './text-table.ts'

const list = adminVerb<{ connections: ConnectionInfo[] }>({
  name: 'connections list',
  args: [],
  about: 'Lists the clients that are connected',
  more: ['Example: hufu connections list'],
  operation: 'connections.list',
  input: () => ({}),
  show: ({ connections }) =>
    textTable(
      ['number', 'user', 'vhost', 'from', 'since'],
      connections.map(({ number, user, vhost, host, port, since }) => {
        return [number, user, vhost, `${host} ${port}`, new Date(since).toISOString()]
      }),
    ),
})

const close = adminVerb<{ number: number }>({
  name: 'connections close',
  args: ['NUMBER'],
  about: 'Closes a connection: its client is told, with 320 and the reason',
  more: [
    "Example: hufu connections close 17 --reason 'too many'",
    '--reason         what the client is told',
  ],
  options: { reason: { type: 'string' } },
  operation: 'connections.close',
  input: (call) => {
    const [number = ''] = call.args
    if (!/^\d{1,15}$/.test(number)) {
      throw new UsageError(`Cannot close connection '${number}': it is no number of the list`)
    }
    return { number: Number(number), reason: textOf(call, 'reason') }
  },
  show: ({ number }) => `Connection ${number} is told to end`,
})

export const CONNECTIONS: readonly Verb[] = [list, close]
