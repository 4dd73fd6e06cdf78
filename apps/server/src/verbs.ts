import type { Verb } from './verb.ts'
import { inspect } from './verbs/inspect.ts'
import { migrate } from './verbs/migrate.ts'
import { serve } from './verbs/serve.ts'
import { version } from './verbs/version.ts'

/** Every verb, in the order of the help. One file per verb in `verbs/`. */
export const VERBS: readonly Verb[] = [inspect, migrate, serve, version]
