/** As much of `DatabaseSync` of `node:sqlite` as the adapters use. */
export interface NodeSqlite {
  prepare(sql: string): NodeSqliteStatement
  close(): void
}

interface NodeSqliteStatement {
  all(...params: never[]): unknown[]
  get(...params: never[]): unknown
  run(...params: never[]): {
    readonly changes: number | bigint
    readonly lastInsertRowid: number | bigint
  }
  iterate(...params: never[]): IterableIterator<unknown>
  columns(): readonly unknown[]
  setReturnArrays(enabled: boolean): void
}
