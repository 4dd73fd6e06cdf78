import { AFTER_RESTART, BEFORE_RESTART } from './amqplib/restart.ts'
import { AMQPLIB } from './amqplib/scenarios.ts'
import { CLOUDAMQP } from './cloudamqp/scenarios.ts'
import { RABBITMQ_CLIENT } from './rabbitmq-client/scenarios.ts'
import { RAW } from './raw/scenarios.ts'
import type { Scenarios } from './scenario.ts'

/** By client. */
export const SCENARIOS: Readonly<Record<string, Scenarios>> = {
  amqplib: AMQPLIB,
  'before-restart': BEFORE_RESTART,
  'after-restart': AFTER_RESTART,
  raw: RAW,
  'amqp-client': CLOUDAMQP,
  'rabbitmq-client': RABBITMQ_CLIENT,
}
