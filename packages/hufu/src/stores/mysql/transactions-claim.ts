import type { TransactionClaim, TransactionRow } from '../../ports/transactions.ts'
import { expired, isAlive, makeVoid, voidOwners } from './coordinators.ts'
import type { Own } from './own.ts'
import type { Session } from './session.ts'
import { NOW, whole } from './session.ts'
import { pairsOf, TRANSACTION_COLUMNS } from './transactions-rows.ts'

interface Candidate {
  readonly seq: number
  readonly due_at: number
}

interface Locked {
  readonly seq: number
  readonly owner: number
  readonly is_due: number
}

/** Looks first, without locks, as mostly there is nothing; what it finds is looked at again. */
export async function claim(own: Own, request: TransactionClaim): Promise<TransactionRow[]> {
  const { definitions, limit } = request
  if (definitions.length === 0 || limit < 1) return []
  const ended = await own.alone(async (session) => {
    const numbers = (await expired(session)).filter((number) => number !== request.owner)
    const found = numbers.length === 0 ? await candidates(session, request) : []
    return numbers.length + found.length > 0 ? numbers : undefined
  })
  if (ended === undefined) return []
  return own.transaction(async (session) => {
    if (!(await isAlive(session, request.owner))) return []
    await makeVoid(session, ended)
    const seqs = await lock(session, await candidates(session, request))
    return give(session, request.owner, seqs)
  })
}

/** In the order of the index. */
const DUE = `owner = 0 AND due_at <= ${NOW} ORDER BY due_at`

/** What void coordinators had, then what is due and nobody's, the earliest first. */
async function candidates(session: Session, request: TransactionClaim): Promise<number[]> {
  const { limit } = request
  const owners = await voidOwners(session)
  const orphans = owners.length === 0 ? [] : await find(session, request, orphansOf(owners), limit)
  const seqs = orphans.slice(0, limit).map(({ seq }) => seq)
  if (seqs.length === limit) return seqs
  const due = await find(session, request, DUE, limit - seqs.length)
  due.sort((one, other) => one.due_at - other.due_at)
  return [...seqs, ...due.slice(0, limit - seqs.length).map(({ seq }) => seq)]
}

function orphansOf(owners: readonly number[]): string {
  return `owner IN (${owners.map(whole).join(',')})`
}

/** One definition at a time: those of others, however many are due, are not looked at. */
function find(session: Session, { definitions }: TransactionClaim, which: string, limit: number) {
  const part = `(SELECT seq, due_at FROM hufu_transactions FORCE INDEX (by_owner)
    WHERE name = ? AND hash = ? AND ${which} LIMIT ${whole(limit)})`
  const sql = definitions.map(() => part).join(' UNION ALL ')
  return session.rows<Candidate>(sql, ...pairsOf(definitions))
}

/** Those of them that are still to be had, locked; what others have locked is passed over. */
async function lock(session: Session, seqs: readonly number[]): Promise<number[]> {
  if (seqs.length === 0) return []
  const sql = `SELECT seq, owner, due_at IS NOT NULL AND due_at <= ${NOW} AS is_due
    FROM hufu_transactions FORCE INDEX (PRIMARY) WHERE seq IN (${seqs.map(whole).join(',')})
    AND finished_at IS NULL FOR UPDATE SKIP LOCKED`
  const locked = await session.rowsOfText<Locked>(sql)
  const owners = new Set(locked.map(({ owner }) => owner))
  owners.delete(0)
  const alive = owners.size === 0 ? new Set() : await known(session, [...owners])
  const free = locked.filter(({ owner, is_due }) => (owner === 0 ? is_due : !alive.has(owner)))
  const wanted = new Set(free.map(({ seq }) => seq))
  return seqs.filter((seq) => wanted.has(seq))
}

async function known(session: Session, owners: readonly number[]): Promise<Set<number>> {
  const list = owners.map(whole).join(',')
  const sql = `SELECT number FROM hufu_coordinators WHERE number IN (${list})`
  const rows = await session.rowsOfText<{ number: number }>(sql)
  return new Set(rows.map(({ number }) => number))
}

async function give(session: Session, owner: number, seqs: readonly number[]) {
  if (seqs.length === 0) return []
  const list = seqs.map(whole).join(',')
  await session.runText(`UPDATE hufu_transactions FORCE INDEX (PRIMARY) SET owner = ${whole(owner)}
    WHERE seq IN (${list})`)
  return session.rowsOfText<TransactionRow>(`SELECT ${TRANSACTION_COLUMNS} FROM hufu_transactions
    WHERE seq IN (${list}) ORDER BY FIELD(seq, ${list})`)
}
