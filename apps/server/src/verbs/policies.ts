import type { PolicyInfo } from '@hufu/broker/amqp'
import type { Call, Verb } from '../verb.ts'
import { adminVerb, OF_VHOST_LINE, textOf, VHOST, VHOST_LINE, vhostOf } from './admin-verb.ts'
import { jsonIn } from './json-argument.ts'
import { countOf } from './limit.ts'
import { textTable } from './text-table.ts'

const OPERATOR = { operator: { type: 'boolean' } } as const
const OPERATOR_LINE = "--operator       an operator's policy, which only makes limits smaller"

const list = adminVerb<{ policies: PolicyInfo[] }>({
  name: 'policies list',
  args: [],
  about: "Lists the policies, the operators' ones too",
  more: ['Example: hufu policies list --json', OF_VHOST_LINE],
  options: VHOST,
  operation: 'policies.list',
  input: (call) => ({ vhost: textOf(call, 'vhost') }),
  show: ({ policies }) =>
    textTable(
      ['vhost', 'name', 'operator', 'pattern', 'apply to', 'priority', 'definition'],
      policies.map((each) => [
        ...[each.vhost, each.name, each.operator, each.pattern, each.applyTo, each.priority],
        JSON.stringify(each.definition),
      ]),
    ),
})

const set = adminVerb<PolicyInfo>({
  name: 'policies set',
  args: ['NAME', 'PATTERN', 'DEFINITION'],
  about: 'Sets a policy: settings for all queues and exchanges whose names match, now and later',
  more: [
    `Example: hufu policies set ttl '^shop\\.' '{"message-ttl":60000}' --apply-to queues`,
    "DEFINITION: a JSON object with RabbitMQ's names.",
    '--apply-to       all (default), queues, classic_queues, quorum_queues or exchanges',
    '--priority       of several that match the highest applies alone; default 0',
    OPERATOR_LINE,
    VHOST_LINE,
  ],
  options: {
    'apply-to': { type: 'string' },
    priority: { type: 'string' },
    ...OPERATOR,
    ...VHOST,
  },
  operation: 'policies.set',
  input: (call) => {
    const [name, pattern, definition = ''] = call.args
    return {
      ...{ vhost: vhostOf(call), operator: isOperator(call), name, pattern },
      applyTo: textOf(call, 'apply-to'),
      priority: countOf(call, 'priority'),
      definition: jsonIn('DEFINITION', definition),
    }
  },
  show: ({ name, vhost }) => `Policy ${name} of ${vhost} is set`,
})

const clear = adminVerb<{ vhost: string; name: string }>({
  name: 'policies clear',
  args: ['NAME'],
  about: 'Takes a policy away',
  more: ['Example: hufu policies clear ttl', OPERATOR_LINE, VHOST_LINE],
  options: { ...OPERATOR, ...VHOST },
  operation: 'policies.clear',
  input: (call) => ({ vhost: vhostOf(call), name: call.args[0], operator: isOperator(call) }),
  show: ({ name, vhost }) => `Policy ${name} of ${vhost} is cleared`,
})

function isOperator({ options }: Call): boolean {
  return options.operator === true
}

export const POLICIES: readonly Verb[] = [list, set, clear]
