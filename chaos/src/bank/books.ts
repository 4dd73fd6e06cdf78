import { DatabaseSync } from 'node:sqlite'
import { fail } from 'hufu'
import { runSql } from '../../../tools/services/sql.ts'
import { fileOf, isPostgres, type Place, type Row, type Sql } from './place.ts'
import { accountsOf } from './plan.ts'
import type { Leg, Op } from './transfer.ts'
import { effectOf } from './transfer.ts'

/** One effect, as it is written beside it. */
export interface Move {
  readonly gid: string
  readonly branch: string
  readonly op: string
  readonly account: string
  readonly amount: number
  readonly held: number
}

/** No index keeps a double effect out of `moves`: nothing but the barrier does. */
function tables(number: string): string[] {
  return [
    `CREATE TABLE accounts (id VARCHAR(32) PRIMARY KEY, opening BIGINT NOT NULL,
      balance BIGINT NOT NULL, frozen BIGINT NOT NULL, closed INTEGER NOT NULL)`,
    `CREATE TABLE moves (n ${number}, gid VARCHAR(64) NOT NULL, branch VARCHAR(16) NOT NULL,
      op VARCHAR(16) NOT NULL, account VARCHAR(32) NOT NULL, amount BIGINT NOT NULL,
      held BIGINT NOT NULL)`,
    'CREATE INDEX moves_gid ON moves (gid, branch, op)',
  ]
}

const NUMBER = {
  sqlite: 'INTEGER PRIMARY KEY',
  postgres: 'BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY',
  mariadb: 'BIGINT AUTO_INCREMENT PRIMARY KEY',
}

/** Makes the tables and opens the accounts. */
export async function openBooks(url: string): Promise<void> {
  const rows = accountsOf().map(({ id, opening, closed }) => {
    return `('${id}', ${opening}, ${opening}, 0, ${closed ? 1 : 0})`
  })
  const accounts = `INSERT INTO accounts VALUES ${rows.join(', ')}`
  const file = fileOf(url)
  if (file === undefined) {
    const number = isPostgres(url) ? NUMBER.postgres : NUMBER.mariadb
    await runSql(url, ...tables(number), accounts)
    return
  }
  const db = new DatabaseSync(file)
  db.exec('PRAGMA journal_mode = WAL')
  for (const sql of [...tables(NUMBER.sqlite), accounts]) db.exec(sql)
  db.close()
}

/** Of everything that is in the accounts. */
export function openingTotal(books: number): number {
  return books * accountsOf().reduce((sum, { opening }) => sum + opening, 0)
}

interface Entry {
  readonly gid: string
  readonly branch: string
  readonly op: Op
  readonly leg: Leg
}

/** The work of a participant: changes the account and writes it down. */
export async function book(sql: Sql, { gid, branch, op, leg }: Entry): Promise<void> {
  const { amount, held } = effectOf(op, leg.cents)
  const { account } = leg
  const isNew = op === 'action' || op === 'try'
  const guard = isNew ? ' AND closed = 0 AND balance >= ?' : ''
  const change = `UPDATE accounts SET balance = balance + ?, frozen = frozen + ? WHERE id = ?`
  const values = isNew ? [amount, held, account, -amount] : [amount, held, account]
  if ((await sql.run(change + guard, ...values)) === 0) await refuse(sql, account)
  await sql.run(
    'INSERT INTO moves (gid, branch, op, account, amount, held) VALUES (?, ?, ?, ?, ?, ?)',
    ...[gid, branch, op, account, amount, held],
  )
}

async function refuse(sql: Sql, account: string): Promise<never> {
  const [found] = await sql.all('SELECT closed FROM accounts WHERE id = ?', account)
  throw fail(found?.closed === 0 ? 'NO_MONEY' : 'CLOSED', account)
}

/** Everything that took effect, when nobody is at work any more. */
export function movesOf({ store, sql }: Place): Promise<Move[]> {
  return store.transaction(async (tx) => {
    const rows = await sql(tx).all('SELECT * FROM moves ORDER BY n')
    return rows.map(moveOf)
  })
}

function moveOf(row: Row): Move {
  const text = (name: string) => String(row[name])
  const [amount, held] = [Number(row.amount), Number(row.held)]
  const names = { gid: text('gid'), branch: text('branch'), op: text('op') }
  return { ...names, account: text('account'), amount, held }
}

/** What the accounts hold, and what is set aside in them. */
export function totalOf({ store, sql }: Place): Promise<{ total: number; frozen: number }> {
  return store.transaction(async (tx) => {
    const all = 'SELECT SUM(balance) AS balance, SUM(frozen) AS frozen FROM accounts'
    const [row] = await sql(tx).all(all)
    const frozen = Number(row?.frozen)
    return { total: Number(row?.balance) + frozen, frozen }
  })
}
