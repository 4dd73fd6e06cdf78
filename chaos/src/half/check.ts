import { DatabaseSync } from 'node:sqlite'
import { createBroker } from '@hufu/broker'
import { EVENT, type Files, messageId, SHOP } from './files.ts'
import { type Note, readNotes } from './note-file.ts'
import type { Kind } from './plan.ts'

/** The counts of `--json`; `problems` says in words what is not as it should be. */
export interface Verdict {
  committed: number
  rolledBack: number
  silent: number
  /** Messages that a consumer got although their local transaction was not, or never, committed. */
  seenHalf: number
  lost: number
  doubled: number
  /** Silent ones that were never asked for, or were answered otherwise than the database says. */
  unasked: number
  undecided: number
  readonly problems: string[]
}

/** What the two databases, the broker and the notes hold. */
interface Found {
  /** By id, the version of the half message whose local transaction is committed. */
  readonly orders: Map<string, number>
  readonly ended: Set<string>
  readonly effects: Map<string, number>
  readonly notes: readonly Note[]
}

/** The verdict over files that nobody has open. */
export async function check(files: Files, kinds: readonly Kind[]): Promise<Verdict> {
  const counts = { committed: 0, rolledBack: 0, silent: 0, seenHalf: 0, lost: 0, doubled: 0 }
  const verdict: Verdict = { ...counts, unasked: 0, undecided: 0, problems: [] }
  await lookIntoBroker(files.broker, verdict)
  const found = read(files, verdict)
  for (const [number, kind] of kinds.entries()) checkOne(messageId(number), kind, found, verdict)
  for (const id of found.effects.keys()) {
    if (kinds[Number(id.slice(1))] === undefined)
      verdict.problems.push(`an effect of ${id}, unknown`)
  }
  checkSeen(found, kinds, verdict)
  checkAsked(found, kinds, verdict)
  return verdict
}

async function lookIntoBroker(dir: string, verdict: Verdict): Promise<void> {
  const broker = await createBroker({ dir })
  const { problems } = verdict
  for (const { transactionId } of broker.prepared({ limit: 1_000 })) {
    verdict.undecided++
    problems.push(`${transactionId} is undecided`)
  }
  for (const { name, ready, unsettled, delayed, parked } of broker.queues()) {
    const held = ready + unsettled + delayed + parked
    if (held > 0) problems.push(`the queue ${name} still holds ${held} messages`)
  }
  if (broker.report.damaged.length > 0) problems.push("the broker's log is damaged")
  await broker.close()
}

function read(files: Files, { problems }: Verdict): Found {
  const shop = new DatabaseSync(files.shop, { readOnly: true })
  const points = new DatabaseSync(files.points, { readOnly: true })
  try {
    const pairs = (db: DatabaseSync, sql: string): [string, number][] =>
      db
        .prepare(sql)
        .all()
        .map((row) => [String(row.id), Number(row.value)])
    for (const [id] of pairs(shop, 'SELECT id, 0 AS value FROM hufu_outbox WHERE state <> 2')) {
      problems.push(`the message of ${id} is not answered by its consumer`)
    }
    return {
      orders: new Map(pairs(shop, 'SELECT id, version AS value FROM orders')),
      ended: new Set(pairs(shop, 'SELECT id, 0 AS value FROM ended').map(([id]) => id)),
      effects: new Map(pairs(points, 'SELECT id, count(*) AS value FROM effects GROUP BY id')),
      notes: readNotes(files.notes),
    }
  } finally {
    shop.close()
    points.close()
  }
}

function checkOne(id: string, kind: Kind, { orders, ended, effects }: Found, to: Verdict): void {
  const commits = kind === 'commit' || kind === 'silentCommit'
  if (!ended.has(id)) to.problems.push(`${id} was never brought to its end`)
  if (orders.has(id) !== commits) {
    to.problems.push(`${id}, ${kind}: its order is ${commits ? 'missing' : 'there'}`)
  }
  const times = effects.get(id) ?? 0
  if (commits && times === 0) {
    to.lost++
    to.problems.push(`${id}, ${kind}: it has no effect`)
  }
  if (commits && times > 1) {
    to.doubled += times - 1
    to.problems.push(`${id}, ${kind}: it has ${times} effects`)
  }
  if (kind === 'commit' && orders.has(id)) to.committed++
  else if (kind === 'rollback' && ended.has(id)) to.rolledBack++
  else if (kind !== 'commit' && kind !== 'rollback') to.silent++
}

/** Nobody may get a message that is not committed, or will never be. */
function checkSeen({ notes, orders, effects }: Found, kinds: readonly Kind[], to: Verdict): void {
  const seen = new Set([...effects.keys()].filter((id) => !orders.has(id)))
  for (const note of notes) {
    if (note.what !== 'delivered') continue
    const kind = kinds[Number(note.id.slice(1))]
    if (!note.local || !(kind === 'commit' || kind === 'silentCommit')) seen.add(note.id)
  }
  for (const id of seen)
    to.problems.push(`${id} was seen by a consumer before or without its commit`)
  to.seenHalf = seen.size
}

/** Every answer is what the database says; every silent message got the one that decides it. */
function checkAsked({ notes, orders }: Found, kinds: readonly Kind[], to: Verdict): void {
  const prefix = `${SHOP} ${EVENT} `
  const words = new Map<string, Set<string>>()
  const wrong = new Set<string>()
  for (const note of notes) {
    if (note.what !== 'asked' || !note.transactionId.startsWith(prefix)) continue
    const id = note.transactionId.slice(prefix.length)
    words.set(id, (words.get(id) ?? new Set()).add(note.word))
    const right = orders.get(id) === note.version ? 'commit' : 'rollback'
    if (note.word !== right && note.word !== 'unknown') wrong.add(id)
  }
  for (const id of wrong) to.problems.push(`${id}: the broker was not told what the database says`)
  to.unasked = wrong.size
  for (const [number, kind] of kinds.entries()) {
    const id = messageId(number)
    if (kind === 'commit' || kind === 'rollback' || wrong.has(id)) continue
    if (words.get(id)?.has(kind === 'silentCommit' ? 'commit' : 'rollback')) continue
    to.unasked++
    to.problems.push(`${id}, ${kind}: the broker never asked for it`)
  }
}
