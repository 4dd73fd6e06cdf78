import type { PolicyInfo } from '@hufu/broker/amqp'
import type { Operations } from './operation.ts'

export const POLICY_OPERATIONS: Operations = {
  'policies.list': async (input, { administration }) => {
    return { policies: await administration.policies.list(input.textOr('vhost', undefined)) }
  },

  'policies.set': async (input, { administration }) => {
    const policy: PolicyInfo = {
      vhost: input.text('vhost'),
      operator: input.flag('operator'),
      name: input.text('name'),
      pattern: input.text('pattern'),
      // What it may be is checked with the rest.
      applyTo: input.textOr('applyTo', 'all') as PolicyInfo['applyTo'],
      priority: input.countOr('priority', 0),
      definition: input.table('definition'),
    }
    await administration.policies.set(policy)
    return policy
  },

  'policies.clear': async (input, { administration }) => {
    const [vhost, name] = [input.text('vhost'), input.text('name')]
    const operator = input.flag('operator')
    await administration.policies.clear(vhost, name, { operator })
    return { vhost, name, operator }
  },
}
