export type { Administration } from './administration/administration.ts'
export {
  AdministrationError,
  type AdministrationReason,
} from './administration/administration-error.ts'
export type { QueueInfo } from './administration/queue-administration.ts'
export type { UserInfo, UserLimits } from './administration/user-administration.ts'
export { type AmqpDoor, type AmqpDoorOptions, openAmqpDoor } from './door.ts'
