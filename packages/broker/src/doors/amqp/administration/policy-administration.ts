import type { Policy } from '../../../routing/policy.ts'
import type { VirtualHost } from '../virtual-host.ts'
import { refusal, trying } from './administration-error.ts'
import { type AdministrationHost, demandVhost } from './administration-host.ts'
import { byName } from './user-administration.ts'

/** A policy of a virtual host; an operator's only makes limits smaller. */
export interface PolicyInfo extends Policy {
  readonly vhost: string
  readonly operator: boolean
}

/** Settings for queues and exchanges by their names. */
export class PolicyAdministration {
  readonly #host: AdministrationHost

  constructor(host: AdministrationHost) {
    this.#host = host
  }

  /** Of one virtual host, or of all, by name. `unknown`. */
  list(vhost?: string): Promise<PolicyInfo[]> {
    return trying('list policies', () => {
      const all = vhost === undefined ? byName([...this.#host.vhosts()]) : [this.#vhost(vhost)]
      return all.flatMap((each) => [...policiesIn(each, false), ...policiesIn(each, true)])
    })
  }

  /** In place of the one with its name; in effect when it resolves. `unknown`, `argument`. */
  set({ vhost, operator, ...policy }: PolicyInfo): Promise<void> {
    return trying(`set ${kindOf(operator)} '${policy.name}'`, () => {
      return this.#vhost(vhost).putPolicy(policy, { operator })
    })
  }

  /** `unknown`. */
  clear(vhost: string, name: string, { operator = false } = {}): Promise<void> {
    return trying(`clear ${kindOf(operator)} '${name}'`, async () => {
      if (await this.#vhost(vhost).removePolicy(name, { operator })) return
      throw refusal('unknown', `there is none in vhost '${vhost}'`)
    })
  }

  #vhost(name: string): VirtualHost {
    return demandVhost(this.#host, name)
  }
}

/** By name. */
export function policiesIn(vhost: VirtualHost, operator: boolean): PolicyInfo[] {
  return byName(vhost.policies({ operator })).map((policy) => {
    return { vhost: vhost.name, operator, ...policy }
  })
}

function kindOf(operator: boolean): string {
  return operator ? 'operator policy' : 'policy'
}
