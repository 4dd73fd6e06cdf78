export type { Administration } from './administration/administration.ts'
export {
  AdministrationError,
  type AdministrationReason,
} from './administration/administration-error.ts'
export type { ConnectionInfo } from './administration/connection-administration.ts'
export type {
  BindingInfo,
  ExchangeInfo,
  NewBinding,
  NewExchange,
} from './administration/exchange-administration.ts'
export type { PeekOptions } from './administration/message-administration.ts'
export type { MessageInfo } from './administration/message-info.ts'
export type { Moved, MoveOptions, Progress } from './administration/move.ts'
export type { Target } from './administration/move-target.ts'
export type { PolicyInfo } from './administration/policy-administration.ts'
export type { NewQueue, QueueInfo } from './administration/queue-administration.ts'
export type { UserInfo, UserLimits } from './administration/user-administration.ts'
export type { VhostInfo, VhostLimits, VhostOptions } from './administration/vhost-administration.ts'
export { type AmqpDoor, type AmqpDoorOptions, openAmqpDoor } from './door.ts'
export type { AmqpLimits } from './door-limits.ts'
