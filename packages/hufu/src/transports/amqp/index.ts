export { amqp } from './amqp.ts'
export type { AmqpOptions, AmqpTls } from './options.ts'
