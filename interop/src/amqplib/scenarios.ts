import type { Scenarios } from '../scenario.ts'
import { CONSUMING } from './consuming.ts'
import { CONTENTS } from './contents.ts'
import { DIRECT_REPLY } from './direct-reply.ts'
import { LIFETIMES } from './lifetimes.ts'
import { MISTAKES } from './mistakes.ts'
import { PATTERNS } from './patterns.ts'
import { PUBLISHING } from './publishing.ts'
import { QUORUMS } from './quorum.ts'
import { TOPOLOGY } from './topology.ts'

export const AMQPLIB: Scenarios = {
  ...PATTERNS,
  ...PUBLISHING,
  ...CONSUMING,
  ...TOPOLOGY,
  ...LIFETIMES,
  ...QUORUMS,
  ...DIRECT_REPLY,
  ...CONTENTS,
  ...MISTAKES,
}
