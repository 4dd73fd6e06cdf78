import { HufuError } from '../errors.ts'

/** Of which version a store's tables were, and what makes them those of this one. */
export interface Migration {
  /** Server and database, or file, for messages. */
  readonly where: string
  /** Version of the tables before; 0: there were none. */
  readonly before: number
  /** Version that this Hufu makes, and wants. */
  readonly after: number
  /** What was run, or would have been, in this order; empty when nothing was missing. */
  readonly statements: readonly string[]
}

export interface MigrateOptions {
  /** Changes nothing, only tells what would be run. */
  readonly dryRun?: boolean
}

/** A newer version is never touched. */
export function refuseNewer(where: string, found: number, wanted: number): void {
  if (found <= wanted) return
  const text = `its tables are of version ${found}, this Hufu knows ${wanted}`
  throw new HufuError('STORE_FORMAT', `Opening ${where}: ${text}`)
}

/** For a store that may not make tables: they must all be there. */
export function demandWhole({ where, before, after, statements }: Migration): void {
  if (statements.length === 0) return
  const found = before === after ? 'it lacks a table' : `its tables are of version ${before}`
  const text = `${found}, wanted is version ${after}, and the store may not change them`
  throw new HufuError('STORE_FORMAT', `Opening ${where}: ${text}: run hufu migrate`)
}
