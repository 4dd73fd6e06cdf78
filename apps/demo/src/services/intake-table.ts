import type { SqliteTx } from 'hufu/stores/sqlite'

/** What became of a line. */
export type Outcome = 'placed' | 'repeated' | 'rejected'

/** A line's number and where in the input it ends, bytes. */
export interface Position {
  readonly number: number
  readonly end: number
}

/** Bad lines kept with their reason; the others are counted. */
const REJECTIONS_KEPT = 20

const COUNT = {
  placed: 'UPDATE intake SET placed = placed + 1',
  repeated: 'UPDATE intake SET repeated = repeated + 1',
  rejected: 'UPDATE intake SET rejected = rejected + 1',
}

const KEEP = `INSERT INTO rejections SELECT ?, ?
  WHERE (SELECT count(*) FROM rejections) < ${REJECTIONS_KEPT}`

/** The last line up to which every outcome is stored. */
export function readPosition(tx: SqliteTx): Position {
  return tx.get<Position>('SELECT line AS number, end FROM intake')!
}

export function moveTo(tx: SqliteTx, { number, end }: Position): void {
  tx.run('UPDATE intake SET line = ?, end = ?', number, end)
}

/** Counts an outcome; of a rejected line with its reason. */
export function count(tx: SqliteTx, line: Position, outcome: Outcome, reason?: string): void {
  tx.run(COUNT[outcome])
  if (reason !== undefined) tx.run(KEEP, line.number, reason)
}
