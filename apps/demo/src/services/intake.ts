import type { SqliteTx } from 'hufu/stores/sqlite'
import type { Line } from '../input/line-splitter.ts'
import { readLine } from '../input/read-line.ts'
import type { OrderService } from './order.ts'

/** Bad lines kept with their reason; the others are counted. */
const REJECTIONS_KEPT = 20

interface Position {
  readonly number: number
  readonly end: number
}

const COUNT = {
  placed: 'UPDATE intake SET line = ?, end = ?, placed = placed + 1',
  repeated: 'UPDATE intake SET line = ?, end = ?, repeated = repeated + 1',
  rejected: 'UPDATE intake SET line = ?, end = ?, rejected = rejected + 1',
}

/**
 * Takes in lines one after another. What became of a line and how far the input is read commit with
 * the order: a restart goes on exactly behind the last line that took effect.
 */
export class Intake {
  readonly #service: OrderService
  #last: Position = { number: 0, end: 0 }

  constructor(service: OrderService) {
    this.#service = service
  }

  /** The last line that the database knows; the input goes on behind it. */
  async resume(): Promise<Position> {
    const sql = 'SELECT line AS number, end FROM intake'
    this.#last = await this.#service.hufu.store.transaction((tx) => tx.get<Position>(sql)!)
    return this.#last
  }

  /** Resolves once the line's outcome is on disk. Call in the order of lines, without waiting. */
  async take(line: Line): Promise<void> {
    const reading = readLine(line)
    if (reading.kind === 'empty') return
    const before = this.#last.number
    this.#last = line
    await this.#service.hufu.store.transaction(async (tx) => {
      refuseGap(tx, before)
      if (reading.kind === 'bad') return reject(tx, line, reading.reason)
      const outcome = await this.#service.place(tx, reading.order, line.number)
      if (outcome === 'other') return reject(tx, line, 'the id is taken by another order')
      tx.run(COUNT[outcome], line.number, line.end)
    })
  }
}

/** Were an earlier line rolled back, the later ones must not step over it. */
function refuseGap(tx: SqliteTx, before: number): void {
  const { line } = tx.get<{ line: number }>('SELECT line FROM intake')!
  if (line !== before) throw new Error(`Cannot go on after line ${before}: stored is line ${line}`)
}

function reject(tx: SqliteTx, line: Line, reason: string): void {
  tx.run(COUNT.rejected, line.number, line.end)
  const keep = `INSERT INTO rejections SELECT ?, ?
    WHERE (SELECT count(*) FROM rejections) < ${REJECTIONS_KEPT}`
  tx.run(keep, line.number, reason)
}
