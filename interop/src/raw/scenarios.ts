import type { Scenarios } from '../scenario.ts'

export const RAW: Scenarios = {}
