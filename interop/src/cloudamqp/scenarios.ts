import type { Scenarios } from '../scenario.ts'

export const CLOUDAMQP: Scenarios = {}
