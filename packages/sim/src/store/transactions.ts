import { HufuError } from 'hufu'
import { register, renew, unregister } from './coordinators.ts'
import type { Database } from './database.ts'
import { checkTexts } from './limits.ts'
import {
  type NewTransaction,
  TRANSACTIONS,
  type TransactionRecord,
  type TransactionRow,
  type TransactionSave,
  type TransactionsPort,
} from './port.ts'
import type { Opened } from './session.ts'
import { claimRows, isOf } from './transaction-claims.ts'
import { listed, oldestFirst } from './transaction-list.ts'
import type { ModelTx } from './tx.ts'

/** Said anew here, so that the model does not share a mistake. */
const FINAL: ReadonlySet<string> = new Set(['committed', 'rolledBack', 'mixed', 'stopped'])

export function createTransactions(opened: Opened): TransactionsPort {
  const data = () => opened().database
  const rows = () => data().rows<TransactionRecord>(TRANSACTIONS).map(rowOf)
  const open = () => rows().filter(({ finishedAt }) => finishedAt === null)
  const count = (status: string) => open().filter((row) => row.status === status).length
  return {
    groupsAtOnce: 2,
    register: (leaseMs) => opened().run((tx) => register(tx, data(), leaseMs)),
    renew: (owner, leaseMs) => opened().run((tx) => renew(tx, data(), owner, leaseMs)),
    unregister: (owner) => opened().run((tx) => unregister(tx, data(), owner)),
    async insert(tx, row) {
      const outcome = await insert(tx, data(), row)
      if (outcome !== 'reused') return { repeated: outcome === 'repeated' }
      const text = 'the id is there already with another name or input'
      throw new HufuError('ID_REUSED', `Inserting transaction ${row.id}: ${text}`)
    },
    insertAll: (tx, all) => insertAll(tx, data(), all),
    async claim(request) {
      const found = await opened().run((tx) => claimRows(tx, data(), request))
      return found.map(rowOf)
    },
    async take(tx, owner, id) {
      const row = await locked(tx, id)
      if (row === undefined || row.finishedAt !== null) return undefined
      await tx.put(TRANSACTIONS, id, { ...row, owner } as TransactionRecord)
      return rowOf({ ...row, owner })
    },
    save: (tx, owner, saves) => saveAll(tx, data(), owner, saves),
    async get(id) {
      const row = data().table(TRANSACTIONS).get(id)
      return row && rowOf(row as TransactionRecord)
    },
    list: async (filter) => listed(rows(), filter),
    async unknown(definitions, limit) {
      const foreign = open().filter((row) => !isOf(row, definitions))
      return foreign.sort(oldestFirst).slice(0, limit)
    },
    async counts() {
      return { running: count('running'), parked: count('parked'), inDoubt: count('inDoubt') }
    },
  }
}

async function insert(tx: ModelTx, database: Database, row: NewTransaction) {
  const { id, name, hash, key } = row
  const texts = { id: [id, 128], name: [name, 128], hash: [hash, 128] } as const
  checkTexts('Inserting a transaction', { ...texts, ...(key !== null && { key: [key, 255] }) })
  const known = await locked(tx, id)
  if (known !== undefined) {
    return known.name === name && known.input === row.input ? 'repeated' : 'reused'
  }
  const now = database.now()
  const times = { createdAt: now, updatedAt: now, finishedAt: FINAL.has(row.status) ? now : null }
  await tx.put(TRANSACTIONS, id, { ...row, ...times } as TransactionRecord)
  return 'inserted'
}

/**
 * Locks in the order of the ids, so that two never wait for each other; the first of an id first.
 */
async function insertAll(tx: ModelTx, database: Database, all: readonly NewTransaction[]) {
  const order = all.map((_, n) => n).sort((a, b) => (all[a]!.id < all[b]!.id ? -1 : 1))
  const outcomes: Awaited<ReturnType<typeof insert>>[] = []
  for (const n of order) outcomes[n] = await insert(tx, database, all[n]!)
  return outcomes
}

async function saveAll(
  tx: ModelTx,
  database: Database,
  owner: number,
  saves: readonly TransactionSave[],
): Promise<string[]> {
  const lost: string[] = []
  for (const save of [...saves].sort((a, b) => (a.id < b.id ? -1 : 1))) {
    const row = await locked(tx, save.id)
    const mine = row !== undefined && row.owner === owner && row.finishedAt === null
    if (mine) await tx.put(TRANSACTIONS, save.id, saved(row, save, database.now()))
    else lost.push(save.id)
  }
  return lost
}

function saved(row: TransactionRecord, save: TransactionSave, now: number): TransactionRecord {
  const { release, ...changed } = save
  const final = FINAL.has(save.status)
  const owner = final || release ? 0 : row.owner
  return { ...row, ...changed, owner, updatedAt: now, finishedAt: final ? now : null }
}

async function locked(tx: ModelTx, id: string): Promise<TransactionRecord | undefined> {
  await tx.lock(TRANSACTIONS, id)
  return tx.get<TransactionRecord>(TRANSACTIONS, id)
}

function rowOf({ order, ...row }: TransactionRecord): TransactionRow {
  return row
}
