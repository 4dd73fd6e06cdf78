import type { Operations } from './operation.ts'
import { QUEUE_OPERATIONS } from './queue-operations.ts'
import { USER_OPERATIONS } from './user-operations.ts'

/** Everything that can be asked for, from the socket or with the folder opened. */
export const OPERATIONS: Operations = { ...USER_OPERATIONS, ...QUEUE_OPERATIONS }
