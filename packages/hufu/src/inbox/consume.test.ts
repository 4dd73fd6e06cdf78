import { inWorld } from '../world.fixture.ts'
import { consumeRules } from './consume.fixture.ts'

consumeRules('embedded', inWorld)
