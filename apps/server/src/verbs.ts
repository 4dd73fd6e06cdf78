import type { Verb } from './verb.ts'
import { inspect } from './verbs/inspect.ts'
import { migrate } from './verbs/migrate.ts'
import { QUEUES } from './verbs/queues.ts'
import { serve } from './verbs/serve.ts'
import { USERS } from './verbs/users.ts'
import { version } from './verbs/version.ts'

/** Every verb, in the order of the help. One file per verb, or group of verbs, in `verbs/`. */
export const VERBS: readonly Verb[] = [inspect, migrate, serve, version, ...USERS, ...QUEUES]
