import type { VhostInfo } from '@hufu/broker/amqp'
import type { Verb } from '../verb.ts'
import { adminVerb, listOf, textOf } from './admin-verb.ts'
import { limitOf } from './limit.ts'
import { textTable } from './text-table.ts'

interface Named {
  readonly vhost: string
}

const list = adminVerb<{ vhosts: VhostInfo[] }>({
  name: 'vhosts list',
  args: [],
  about: 'Lists the virtual hosts',
  more: ['Example: hufu vhosts list'],
  operation: 'vhosts.list',
  input: () => ({}),
  show: ({ vhosts }) =>
    textTable(
      [
        ...['vhost', 'queues', 'ready', 'connections', 'max queues', 'max connections'],
        ...['queue type', 'description'],
      ],
      vhosts.map((each) => [
        ...[each.name, each.queues, each.ready, each.connections, each.queuesMax],
        ...[each.connectionsMax, each.defaultQueueType, each.description ?? ''],
      ]),
    ),
})

const add = adminVerb<Named>({
  name: 'vhosts add',
  args: ['NAME'],
  about: 'Adds a virtual host; nobody may enter it before permissions are set',
  more: [
    'Example: hufu vhosts add shop --queue-type quorum',
    '--description    for people',
    '--queue-type     classic or quorum: of queues whose declaration names none',
    '--tags           between commas',
  ],
  options: {
    description: { type: 'string' },
    'queue-type': { type: 'string' },
    tags: { type: 'string' },
  },
  operation: 'vhosts.add',
  input: (call) => ({
    name: call.args[0],
    description: textOf(call, 'description'),
    queueType: textOf(call, 'queue-type'),
    tags: listOf(call, 'tags'),
  }),
  show: ({ vhost }) => `Virtual host ${vhost} is added`,
})

const limits = adminVerb<Named>({
  name: 'vhosts limits',
  args: ['NAME'],
  about: 'Limits the connections and queues of a virtual host; others stay as they are',
  more: [
    'Example: hufu vhosts limits shop --connections 500 --queues none',
    '--connections    at a time, or none',
    '--queues         at a time, or none',
  ],
  options: { connections: { type: 'string' }, queues: { type: 'string' } },
  operation: 'vhosts.limits',
  input: (call) => ({
    name: call.args[0],
    connectionsMax: limitOf(call, 'connections'),
    queuesMax: limitOf(call, 'queues'),
  }),
  show: ({ vhost }) => `The limits of virtual host ${vhost} are set`,
})

const remove = adminVerb<Named>({
  name: 'vhosts remove',
  args: ['NAME'],
  about: 'Removes a virtual host with its queues, all their messages, and its permissions',
  more: ['Example: hufu vhosts remove shop --yes'],
  destructive: true,
  operation: 'vhosts.remove',
  input: ({ args: [name] }) => ({ name }),
  show: ({ vhost }) => `Virtual host ${vhost} is removed`,
})

export const VHOSTS: readonly Verb[] = [list, add, limits, remove]
