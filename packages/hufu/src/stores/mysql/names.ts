import { HufuError } from '../../errors.ts'

const PREFIX = /^[A-Za-z0-9_$]{1,32}$/
const TABLE = /^([A-Za-z0-9_$]{1,64}\.)?[A-Za-z0-9_$]{1,64}$/

/** What the tables are called here: statements are written with `hufu_…`. */
export class Names {
  readonly prefix: string
  readonly barrierTable: string

  constructor(prefix = 'hufu_', barrierTable = `${prefix}barrier`) {
    demand(PREFIX, prefix, 'prefix')
    demand(TABLE, barrierTable, 'barrierTable')
    this.prefix = prefix
    this.barrierTable = barrierTable
  }

  /** The statement with the names that the tables have. */
  in(sql: string): string {
    return sql.replace(/\bhufu_(\w+)/g, (_, rest: string) =>
      rest === 'barrier' ? this.barrierTable : this.prefix + rest,
    )
  }
}

function demand(pattern: RegExp, name: string, what: string): void {
  if (pattern.test(name)) return
  throw new HufuError('ARGUMENT', `Making a MySQL store: ${what} "${name}" is no plain name`)
}
