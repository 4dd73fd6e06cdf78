import { DatabaseSync, StatementSync } from 'node:sqlite'

export interface Counted {
  readonly statements: number
  readonly commits: number
}

/** Counts what this process asks of SQLite from now on; `stop` ends it and gives the numbers. */
export function countStatements(): { stop(): Counted } {
  let statements = 0
  let commits = 0
  const controls = new WeakSet<StatementSync>()
  const { prepare } = DatabaseSync.prototype
  DatabaseSync.prototype.prepare = function counted(sql, ...rest) {
    const statement = prepare.call(this, sql, ...rest)
    if (sql === 'COMMIT') controls.add(statement)
    return statement
  }
  const { run, get, all } = StatementSync.prototype
  const count = (statement: StatementSync) => {
    statements++
    if (controls.has(statement)) commits++
  }
  const counting = <F extends typeof run | typeof get | typeof all>(call: F) =>
    function counted(this: StatementSync, ...params: never[]) {
      count(this)
      return (call as (...params: never[]) => unknown).apply(this, params)
    } as unknown as F
  Object.assign(StatementSync.prototype, {
    run: counting(run),
    get: counting(get),
    all: counting(all),
  })
  return {
    stop() {
      DatabaseSync.prototype.prepare = prepare
      Object.assign(StatementSync.prototype, { run, get, all })
      return { statements, commits }
    },
  }
}
