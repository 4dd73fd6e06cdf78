import { HufuError } from '../../errors.ts'
import type {
  DefinitionRef,
  InsertOutcome,
  NewTransaction,
  TransactionClaim,
  TransactionFilter,
  TransactionRow,
  TransactionSave,
  TransactionStore,
} from '../../ports/transactions.ts'
import { checkTransaction, isFinal } from '../../ports/transactions.ts'
import type { Opened, OwnStatements } from './access.ts'
import type { PostgresResult } from './driver.ts'
import type { Tables } from './tables.ts'
import { transactionStatements } from './transactions-sql.ts'
import type { PostgresForeign, PostgresTx } from './tx.ts'
import { first, markWork, run } from './tx.ts'

type Statements = ReturnType<typeof transactionStatements>
type Found = Record<string, unknown>

const READING = 'Reading transactions'

/** One round trip for a coordinator's group, where a transaction would take four. */
interface GroupStore {
  /** `insertAll` and `save`, together in one statement and so in one commit. */
  writeGroup(
    owner: number,
    rows: readonly NewTransaction[],
    saves: readonly TransactionSave[],
  ): Promise<{ outcomes: InsertOutcome[]; lost: string[] }>
}

export function createTransactions(
  t: Tables,
  opened: Opened,
): TransactionStore<PostgresTx, PostgresForeign> & GroupStore {
  const sql = transactionStatements(t)
  const read = async (text: string, params: unknown[]) =>
    (await opened().own.read<Found>(READING, text, params)).rows.map(asRow)
  return {
    ...leases(sql, opened),
    groupsAtOnce: 2,
    async insert(tx, row) {
      const [outcome] = await insertAll(asking(tx), sql, [row])
      if (outcome === 'reused') throw reused(row)
      if (row.owner === 0) markWork(tx, 'transactions')
      return { repeated: outcome === 'repeated' }
    },
    insertAll: (tx, rows) => insertAll(asking(tx), sql, rows),
    claim: (request) => claim(opened().own, sql.claim, request),
    async take(tx, owner, id) {
      const found = await first(tx, sql.take, [owner, id])
      return found && asRow(found)
    },
    save: (tx, owner, saves) => save(asking(tx), sql.save, owner, saves),
    writeGroup: (owner, rows, saves) => writeGroup(opened().own, sql, owner, rows, saves),
    get: async (id) => (await read(sql.get, [id]))[0],
    async list(filter) {
      const { where, params } = termsOf(filter)
      const order = `ORDER BY created_at, id LIMIT $${params.length + 1}`
      return read(`${sql.list} ${where} ${order}`, [...params, filter.limit])
    },
    unknown: (definitions, limit) => read(sql.unknown, [...pairsOf(definitions), limit]),
    async counts() {
      const { rows } = await opened().own.read<Found>(READING, sql.counts)
      const { running, parked, inDoubt } = rows[0]!
      return { running: Number(running), parked: Number(parked), inDoubt: Number(inDoubt) }
    },
  }
}

function leases(sql: Statements, opened: Opened) {
  const write = (text: string, params: unknown[]) =>
    opened().own.write<{ number: unknown }>('Writing a lease', text, params)
  return {
    async register(leaseMs: number) {
      return Number((await write(sql.register, [Math.ceil(leaseMs)])).rows[0]!.number)
    },
    async renew(owner: number, leaseMs: number) {
      return (await write(sql.renew, [owner, Math.ceil(leaseMs)])).rowCount === 1
    },
    async unregister(owner: number) {
      await write(sql.unregister, [owner])
    },
  }
}

/** Runs a statement. */
type Ask = <Row>(sql: string, params: unknown[]) => Promise<PostgresResult<Row>>

function asking(tx: PostgresTx | PostgresForeign): Ask {
  return (sql, params) => run(tx, sql, params)
}

async function insertAll(
  ask: Ask,
  sql: Statements,
  rows: readonly NewTransaction[],
): Promise<InsertOutcome[]> {
  for (const row of rows) checkTransaction(row)
  const firsts = new Map<string, NewTransaction>()
  for (const row of rows) if (!firsts.has(row.id)) firsts.set(row.id, row)
  if (firsts.size === 0) return []
  // In the order of their ids: two who insert the same ones never wait for each other.
  const sorted = [...firsts.values()].sort((one, other) => (one.id < other.id ? -1 : 1))
  const inserted = await ask<{ id: string }>(sql.insert, columnsOf(sorted))
  const fresh = new Set(inserted.rows.map(({ id }) => id))
  const known = await storedOnes(ask, sql.same, sorted, fresh)
  return rows.map((row): InsertOutcome => {
    if (fresh.has(row.id) && firsts.get(row.id) === row && fresh.delete(row.id)) return 'inserted'
    const stored = known.get(row.id) ?? firsts.get(row.id)!
    return stored.name === row.name && stored.input === row.input ? 'repeated' : 'reused'
  })
}

function columnsOf(rows: readonly NewTransaction[]): unknown[] {
  const column = <C extends keyof NewTransaction>(name: C) => rows.map((row) => row[name])
  return [
    ...(['id', 'kind', 'name', 'hash', 'key'] as const).map(column),
    ...(['input', 'headers'] as const).map((name) => jsonTexts(column(name))),
    ...[column('status'), jsonTexts(column('state')), column('dueAt'), column('owner')],
    rows.map((row) => isFinal(row.status)),
  ]
}

/**
 * An array of texts that are JSON, in PostgreSQL's notation. That wants quotes and backslashes
 * escaped, as JSON does, and there are no control characters; so the engine does at once what takes
 * the driver several times as long.
 */
function jsonTexts(texts: readonly string[]): string {
  return `{${JSON.stringify(texts).slice(1, -1)}}`
}

type Same = Pick<NewTransaction, 'id' | 'name' | 'input'>

/** Those that were there before. */
async function storedOnes(
  ask: Ask,
  sql: string,
  rows: readonly NewTransaction[],
  fresh: ReadonlySet<string>,
): Promise<Map<string, Same>> {
  const others = rows.map(({ id }) => id).filter((id) => !fresh.has(id))
  if (others.length === 0) return new Map()
  const stored = await ask<Same>(sql, [others])
  return new Map(stored.rows.map((row) => [row.id, row]))
}

function reused({ id, name }: NewTransaction): HufuError {
  const text = 'the id is there already with another name or input'
  return new HufuError('ID_REUSED', `Inserting transaction ${id} of ${name}: ${text}`)
}

async function claim(own: OwnStatements, sql: string, request: TransactionClaim) {
  const { owner, definitions, limit } = request
  const params = [owner, ...pairsOf(definitions), limit]
  const { rows } = await own.write<Found>('Claiming transactions', sql, params)
  const late = (row: Found) => (row.orphan === true ? -1 : Number(row.dueAt))
  rows.sort((one, other) => late(one) - late(other))
  return rows.map(({ orphan, ...row }) => asRow(row))
}

/** A group of which only one part has something to do is that part's own statement. */
async function writeGroup(
  own: OwnStatements,
  sql: Statements,
  owner: number,
  rows: readonly NewTransaction[],
  saves: readonly TransactionSave[],
) {
  const count = rows.length + saves.length
  const ask: Ask = (text, params) => own.writeOften('Saving transactions', text, params, count)
  if (rows.length === 0) return { outcomes: [], lost: await save(ask, sql.save, owner, saves) }
  if (saves.length === 0) return { outcomes: await insertAll(ask, sql, rows), lost: [] }
  const saved = new Set<string>()
  const asksBoth: Ask = async (text, params) => {
    if (text !== sql.insert) return ask(text, params)
    const both = [...params, ...paramsOf(owner, saves)]
    const found = await ask<{ id: string; saved: boolean }>(sql.insertAndSave, both)
    for (const each of found.rows) if (each.saved) saved.add(each.id)
    return { ...found, rows: found.rows.filter((each) => !each.saved) as never[] }
  }
  const outcomes = await insertAll(asksBoth, sql, rows)
  return { outcomes, lost: saves.map(({ id }) => id).filter((id) => !saved.has(id)) }
}

async function save(
  ask: Ask,
  sql: string,
  owner: number,
  saves: readonly TransactionSave[],
): Promise<string[]> {
  if (saves.length === 0) return []
  const { rows } = await ask<{ id: string }>(sql, paramsOf(owner, saves))
  const stored = new Set(rows.map(({ id }) => id))
  return saves.map(({ id }) => id).filter((id) => !stored.has(id))
}

function paramsOf(owner: number, saves: readonly TransactionSave[]): unknown[] {
  return [
    owner,
    saves.map(({ id }) => id),
    saves.map(({ status }) => status),
    jsonTexts(saves.map(({ state }) => state)),
    saves.map(({ dueAt }) => dueAt),
    saves.map(({ release }) => release),
    saves.map(({ status }) => isFinal(status)),
  ]
}

function pairsOf(definitions: readonly DefinitionRef[]): string[][] {
  return [definitions.map(({ name }) => name), definitions.map(({ hash }) => hash)]
}

function termsOf({ status, kind, name, key, before, after }: TransactionFilter) {
  const params: unknown[] = []
  const terms: string[] = []
  const demand = (term: string, ...values: unknown[]) => {
    terms.push(term.replace(/\?/g, () => `$${params.push(values.shift())}`))
  }
  if (status !== undefined) demand('status = ?', status)
  if (kind !== undefined) demand('kind = ?', kind)
  if (name !== undefined) demand('name = ?', name)
  if (key !== undefined) demand('key = ?', key)
  if (before !== undefined) demand('created_at < ?', before)
  if (after !== undefined) demand('(created_at, id) > (?, ?)', after.createdAt, after.id)
  return { where: terms.length === 0 ? '' : `WHERE ${terms.join(' AND ')}`, params }
}

/** Numbers of 64 bits come as text. */
function asRow(found: Found): TransactionRow {
  const { dueAt, owner, createdAt, updatedAt, finishedAt, ...rest } = found
  return {
    ...rest,
    dueAt: dueAt === null ? null : Number(dueAt),
    owner: Number(owner),
    createdAt: Number(createdAt),
    updatedAt: Number(updatedAt),
    finishedAt: finishedAt === null ? null : Number(finishedAt),
  } as TransactionRow
}
