import { RoutingError } from './errors.ts'

/** What a policy is for. There are no streams: a policy for them applies to nothing. */
export type ApplyTo =
  | 'all'
  | 'exchanges'
  | 'queues'
  | 'classic_queues'
  | 'quorum_queues'
  | 'streams'

/** Settings for all queues or exchanges whose name matches. */
export interface Policy {
  readonly name: string
  /** A regular expression, found anywhere in the name. */
  readonly pattern: string
  readonly applyTo: ApplyTo
  /** Of several that match the highest applies, and no other. */
  readonly priority: number
  /** Settings by RabbitMQ's names, such as `message-ttl`. */
  readonly definition: Readonly<Record<string, unknown>>
}

const APPLY_TO: readonly ApplyTo[] = [
  'all',
  'exchanges',
  'queues',
  'classic_queues',
  'quorum_queues',
  'streams',
]

type Check = readonly [fits: (value: unknown) => boolean, what: string]

const isText = (value: unknown) => typeof value === 'string'
const isCount = (value: unknown) => Number.isSafeInteger(value) && Number(value) >= 0
const isOverflow = (value: unknown) => {
  return value === 'drop-head' || value === 'reject-publish' || value === 'reject-publish-dlx'
}

/** What an operator's policy may hold: it only ever makes a limit smaller. */
const LIMITS: Readonly<Record<string, Check>> = {
  'message-ttl': [isCount, 'message TTL'],
  expires: [(value) => isCount(value) && value !== 0, 'queue expiry'],
  'max-length': [isCount, 'maximum length'],
  'max-length-bytes': [isCount, 'maximum length in bytes'],
  'delivery-limit': [Number.isSafeInteger, 'delivery limit'],
}

const SETTINGS: Readonly<Record<string, Check>> = {
  ...LIMITS,
  'alternate-exchange': [isText, 'alternate exchange name'],
  'dead-letter-exchange': [isText, 'dead letter exchange name'],
  'dead-letter-routing-key': [isText, 'dead letter routing key'],
  overflow: [isOverflow, 'overflow value'],
  'consumer-timeout': [isCount, 'consumer timeout'],
}

/** Settings of a cluster, of streams or of how RabbitMQ stores a queue: taken, without effect. */
const WITHOUT_EFFECT = new RegExp(
  [
    '^(ha-.*|federation-.*|shovel-.*|stream-.*|queue-(mode|version|leader-locator|master-locator)',
    'max-in-memory-(length|bytes)|max-age|max-segment-size|dead-letter-strategy',
    '(target-group|initial-cluster)-size)$',
  ].join('|'),
)

/**
 * @throws RoutingError `argument`
 */
export function checkPolicy(policy: Policy, operator: boolean): void {
  const refuse = (text: string) => {
    const kind = operator ? 'operator policy' : 'policy'
    throw new RoutingError('argument', `Setting ${kind} '${policy.name}': ${text}`)
  }
  if (!Number.isSafeInteger(policy.priority)) refuse('the priority is not a whole number')
  if (!APPLY_TO.includes(policy.applyTo)) {
    refuse(`apply-to is '${policy.applyTo}', not one of ${APPLY_TO.join(', ')}`)
  }
  const entries = Object.entries(policy.definition)
  if (entries.length === 0) refuse('the definition is empty')
  for (const [name, value] of entries) {
    const check = (operator ? LIMITS : SETTINGS)[name]
    if (check === undefined && WITHOUT_EFFECT.test(name)) continue
    if (check === undefined) refuse(`'${name}' is not a recognised setting of it`)
    else if (!check[0](value)) refuse(`${JSON.stringify(value)} is not a valid ${check[1]}`)
  }
}
