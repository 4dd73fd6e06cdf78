import type { ServiceName } from '../services/databases.ts'

/** A process of the run: the broker, a service, or `worker`, where all of them are one process. */
export type ProcessName = 'broker' | ServiceName | 'worker'
