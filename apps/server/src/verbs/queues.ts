import type { QueueInfo } from '@hufu/broker/amqp'
import type { Verb } from '../verb.ts'
import { adminVerb, OF_VHOST_LINE, textOf, VHOST, VHOST_LINE, vhostOf } from './admin-verb.ts'
import { ARGUMENTS, argumentsIn } from './json-argument.ts'
import { MOVES } from './moves.ts'
import { PEEK } from './peek.ts'
import { textTable } from './text-table.ts'

interface Emptied {
  readonly vhost: string
  readonly queue: string
  readonly messages: number
}

const list = adminVerb<{ queues: QueueInfo[] }>({
  name: 'queues list',
  args: [],
  about: 'Lists the queues: what is ready, unacked, delayed and parked, and who consumes',
  more: ['Example: hufu queues list --vhost shop', OF_VHOST_LINE],
  options: VHOST,
  operation: 'queues.list',
  input: (call) => ({ vhost: textOf(call, 'vhost') }),
  show: ({ queues }) =>
    textTable(
      ['vhost', 'queue', 'type', 'ready', 'unacked', 'delayed', 'parked', 'consumers', 'bytes'],
      queues.map((each) => [
        ...[each.vhost, each.name, each.type, each.ready, each.unsettled, each.delayed],
        ...[each.parked, each.consumers, each.bytes],
      ]),
    ),
})

const add = adminVerb<{ queue: string }>({
  name: 'queues add',
  args: ['QUEUE'],
  about: 'Makes a durable queue; no effect where it is there and the same',
  more: [
    `Example: hufu queues add orders --type quorum --arguments '{"x-max-length":1000}'`,
    '--type           classic (default) or quorum',
    "--arguments      a JSON object with RabbitMQ's names",
    '--auto-delete    it goes with its last consumer',
    VHOST_LINE,
  ],
  options: {
    ...{ type: { type: 'string' }, ...ARGUMENTS },
    ...{ 'auto-delete': { type: 'boolean' }, ...VHOST },
  },
  operation: 'queues.add',
  input: (call) => ({
    ...{ vhost: vhostOf(call), queue: call.args[0], type: textOf(call, 'type') },
    ...{ arguments: argumentsIn(call), autoDelete: call.options['auto-delete'] === true },
  }),
  show: ({ queue }) => `Queue ${queue} is there`,
})

const remove = adminVerb<Emptied>({
  name: 'queues delete',
  args: ['QUEUE'],
  about: 'Deletes a queue with all that is in it; its consumers are told',
  more: ['Example: hufu queues delete old-orders --yes', VHOST_LINE],
  options: VHOST,
  destructive: true,
  operation: 'queues.delete',
  input: (call) => ({ vhost: vhostOf(call), queue: call.args[0] }),
  show: ({ queue, messages }) => `Queue ${queue} is deleted, with ${messages} messages`,
})

const purge = adminVerb<Emptied>({
  name: 'queues purge',
  args: ['QUEUE'],
  about: 'Removes what is ready in a queue; what is unacked, delayed or parked stays',
  more: ['Example: hufu queues purge orders --yes', VHOST_LINE],
  options: VHOST,
  destructive: true,
  operation: 'queues.purge',
  input: (call) => ({ vhost: vhostOf(call), queue: call.args[0] }),
  show: ({ queue, messages }) => `${messages} messages of ${queue} are removed`,
})

export const QUEUES: readonly Verb[] = [list, add, PEEK, ...MOVES, purge, remove]
