import type { Verb } from './verb.ts'
import { CONNECTIONS } from './verbs/connections.ts'
import { DEFINITIONS } from './verbs/definitions.ts'
import { EXCHANGES } from './verbs/exchanges.ts'
import { inspect } from './verbs/inspect.ts'
import { migrate } from './verbs/migrate.ts'
import { PARKED } from './verbs/parked.ts'
import { PERMISSIONS } from './verbs/permissions.ts'
import { POLICIES } from './verbs/policies.ts'
import { QUEUES } from './verbs/queues.ts'
import { serve } from './verbs/serve.ts'
import { USERS } from './verbs/users.ts'
import { version } from './verbs/version.ts'
import { VHOSTS } from './verbs/vhosts.ts'

/** Every verb, in the order of the help. One file per verb, or group of verbs, in `verbs/`. */
export const VERBS: readonly Verb[] = [
  ...[inspect, migrate, serve, version],
  ...[...USERS, ...VHOSTS, ...PERMISSIONS, ...POLICIES, ...EXCHANGES],
  ...[...QUEUES, ...PARKED, ...CONNECTIONS, ...DEFINITIONS],
]
