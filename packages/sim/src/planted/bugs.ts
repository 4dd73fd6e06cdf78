import type { PlantedBug } from './bug.ts'
import { COPY_BUGS } from './copy-bugs.ts'
import { GLOBAL_BUGS } from './global-bugs.ts'
import { LIBRARY_BUGS } from './library-bugs.ts'
import { LOG_BUGS } from './log-bugs.ts'
import { PREPARED_BUGS } from './prepared-bugs.ts'
import { QUEUE_BUGS } from './queue-bugs.ts'

export const BUGS: readonly PlantedBug[] = [
  ...LOG_BUGS,
  ...QUEUE_BUGS,
  ...PREPARED_BUGS,
  ...COPY_BUGS,
  ...LIBRARY_BUGS,
  ...GLOBAL_BUGS,
]
