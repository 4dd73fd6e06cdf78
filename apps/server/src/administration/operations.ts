import { EXCHANGE_OPERATIONS } from './exchange-operations.ts'
import { MESSAGE_OPERATIONS } from './message-operations.ts'
import type { Operations } from './operation.ts'
import { PERMISSION_OPERATIONS } from './permission-operations.ts'
import { POLICY_OPERATIONS } from './policy-operations.ts'
import { QUEUE_OPERATIONS } from './queue-operations.ts'
import { SERVER_OPERATIONS } from './server-operations.ts'
import { USER_OPERATIONS } from './user-operations.ts'
import { VHOST_OPERATIONS } from './vhost-operations.ts'

/** Everything that can be asked for, by the socket or with the folder opened. */
export const OPERATIONS: Operations = {
  ...{ ...USER_OPERATIONS, ...VHOST_OPERATIONS, ...PERMISSION_OPERATIONS },
  ...{ ...POLICY_OPERATIONS, ...EXCHANGE_OPERATIONS, ...QUEUE_OPERATIONS },
  ...{ ...MESSAGE_OPERATIONS, ...SERVER_OPERATIONS },
}
