export type { Migration } from '../../ports/migration.ts'
export type {
  PostgresClient,
  PostgresConfig,
  PostgresPool,
  PostgresPoolClient,
  PostgresQuery,
  PostgresResult,
} from './driver.ts'
export { migratePostgres } from './migrate.ts'
export { postgresMigrations } from './migrations.ts'
export type { PostgresLimits, PostgresOptions, PostgresStore } from './store.ts'
export { POSTGRES_LIMITS, postgres } from './store.ts'
export type { TableOptions } from './tables.ts'
export type { PostgresForeign, PostgresTx } from './tx.ts'
