export type { SqliteOptions, SqliteStore } from './store.ts'
export { SQLITE_LIMITS, sqlite } from './store.ts'
export type { SqliteTx } from './tx.ts'
export type { WriterLimits } from './writer.ts'
