import { existsSync } from 'node:fs'
import { nodeOs } from '@hufu/os'
import { type HufuError, isHufuError } from 'hufu'
import { migrateMysql } from 'hufu/stores/mysql'
import { migratePostgres } from 'hufu/stores/postgres'
import { type Migration, migrateSqlite } from 'hufu/stores/sqlite'
import type { Call, Report } from './verb.ts'
import { CannotRunError, UsageError } from './verb.ts'

type Options = Call['options']

/** The verb `migrate`. */
export async function run({ options }: Call): Promise<Report> {
  const dryRun = options.print === true
  try {
    const done = await migrateStore(options, dryRun)
    const { where, before, after, statements } = done
    const found = { store: where, before, after, applied: !dryRun && statements.length > 0 }
    const json = dryRun ? { ...found, statements } : found
    const text = dryRun ? scriptOf(done) : textOf(found)
    return { holds: true, text, json }
  } catch (error) {
    return refusal(error)
  }
}

function migrateStore(options: Options, dryRun: boolean): Promise<Migration> {
  const store = textIn(options, 'store')
  if (store === undefined) throw new UsageError("Cannot run 'hufu migrate': --store is missing")
  const [schema, prefix] = [textIn(options, 'schema'), textIn(options, 'prefix')]
  const barrierTable = textIn(options, 'barrier-table')
  const names = { ...(prefix && { prefix }), ...(barrierTable && { barrierTable }), dryRun }
  if (/^postgres(ql)?:\/\//.test(store)) {
    return migratePostgres(store, { ...names, ...(schema && { schema }) })
  }
  refuse(options, ['schema'], 'is for PostgreSQL only')
  if (/^mysql:\/\//.test(store)) return migrateMysql(store, names, nodeOs)
  if (/^\w+:\/\//.test(store)) {
    const text = `no store is at ${store.replace(/:.*/s, '://…')}, but at postgres:// or mysql://`
    throw new UsageError(`Cannot run 'hufu migrate': ${text}`)
  }
  refuse(options, ['prefix', 'barrier-table'], 'is not for SQLite')
  return migrateFile(store, dryRun)
}

/** To print must make no file. */
async function migrateFile(path: string, dryRun: boolean): Promise<Migration> {
  if (!dryRun || existsSync(path)) return migrateSqlite(path, { dryRun }, nodeOs)
  return { ...(await migrateSqlite(':memory:', { dryRun }, nodeOs)), where: `sqlite ${path}` }
}

function textIn(options: Options, name: string): string | undefined {
  const value = options[name]
  return typeof value === 'string' && value !== '' ? value : undefined
}

function refuse(options: Options, names: readonly string[], why: string): void {
  const given = names.find((name) => options[name] !== undefined)
  if (given !== undefined) throw new UsageError(`Cannot run 'hufu migrate': --${given} ${why}`)
}

interface Found {
  readonly store: string
  readonly before: number
  readonly after: number
  readonly applied: boolean
}

function textOf({ store, before, after, applied }: Found): string {
  if (!applied) return `${store}: the tables are of version ${after}, nothing is to be done`
  if (before === after) return `${store}: a table that was missing is made; version ${after}`
  return `${store}: the tables were of version ${before}, now they are of version ${after}`
}

/** The SQL as a script; what is no SQL is a comment. */
function scriptOf({ where, before, after, statements }: Migration): string {
  const found = `-- ${where}: version ${before}, wanted ${after}`
  if (statements.length === 0) return `${found}: nothing is to be done`
  return [found, ...statements.map((sql) => (sql.endsWith(';') ? sql : `${sql};`))].join('\n')
}

/** A newer version is a finding; all else is not for this verb to settle. */
function refusal(error: unknown): Report {
  if (!isHufuError(error)) throw error
  if (error.code === 'STORE_FORMAT') {
    const { code, message } = error
    return { holds: false, text: message, json: { error: message, code } }
  }
  if (lacksDriver(error)) throw new CannotRunError(error.message, { cause: error })
  throw new UsageError(`${error.message} (${error.code})`, { cause: error })
}

function lacksDriver({ cause }: HufuError): boolean {
  return cause instanceof Error && 'code' in cause && cause.code === 'ERR_MODULE_NOT_FOUND'
}
