import { HufuError } from '../errors.ts'

/** Whose statements a transaction takes; `mysql` is MariaDB's too. */
export type Dialect = 'postgres' | 'mysql'

export interface ForeignResult {
  readonly rows: Record<string, unknown>[]
  /** Rows given or changed. */
  readonly rowCount: number
  /** `mysql` only: the number that an inserted row was given; 0 when none was. */
  readonly insertId: number
}

/**
 * Runs one statement in the transaction; parameters and values are those of the drivers `pg` and
 * mysql2. Throws `TRANSACTION_OVER` once the transaction has ended.
 */
export type ForeignQuery = (sql: string, params: readonly unknown[]) => Promise<ForeignResult>

/** The driver's own connection, where the library shows it; else how the library runs a text. */
export type ForeignWay = { readonly connection: object } | { readonly query: ForeignQuery }

/**
 * A transaction that was begun with Kysely, Drizzle or Prisma, made by `hufu/adapters/…`. Stores on
 * PostgreSQL and MySQL take it where they take one of their drivers.
 */
export class ForeignTx {
  readonly dialect: Dialect
  readonly way: ForeignWay

  constructor(dialect: Dialect, way: ForeignWay) {
    this.dialect = dialect
    this.way = way
  }

  /** How its statements run; throws `ARGUMENT` when they are of another dialect. */
  wayOf(dialect: Dialect): ForeignWay {
    if (this.dialect === dialect) return this.way
    const text = `it is one of ${this.dialect}, the store is one of ${dialect}`
    throw new HufuError('ARGUMENT', `Using a transaction: ${text}`)
  }
}
