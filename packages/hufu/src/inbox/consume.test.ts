import { describe, it } from 'node:test'
import { inWorld } from '../world.fixture.ts'
import { CONSUME_RULES } from './consume.fixture.ts'

describe('consume over embedded', () => {
  for (const [rule, holds] of Object.entries(CONSUME_RULES)) it(rule, inWorld(holds))
})
