import type { Scenarios } from '../scenario.ts'

export const RABBITMQ_CLIENT: Scenarios = {}
