import type { SqliteTx } from 'hufu/stores/sqlite'
import type { Line } from '../input/line-splitter.ts'
import { readLine } from '../input/read-line.ts'
import { count, moveTo, type Position, readPosition } from './intake-table.ts'
import type { OrderService } from './order.ts'

/**
 * Takes in lines one after another. What became of a line and how far the input is read commit with
 * the order: a restart goes on exactly behind the last line that took effect.
 */
export class Intake {
  readonly #service: OrderService
  #last = 0

  constructor(service: OrderService) {
    this.#service = service
  }

  /** The last line that the database knows; the input goes on behind it. */
  async resume(): Promise<Position> {
    const position = await this.#service.hufu.store.transaction(readPosition)
    this.#last = position.number
    return position
  }

  /** Resolves once the line's outcome is on disk. Call in the order of lines, without waiting. */
  async take(line: Line): Promise<void> {
    const reading = readLine(line)
    if (reading.kind === 'empty') return
    const before = this.#last
    this.#last = line.number
    await this.#service.hufu.store.transaction(async (tx) => {
      refuseGap(tx, before)
      moveTo(tx, line)
      if (reading.kind === 'bad') return count(tx, line, 'rejected', reading.reason)
      const outcome = await this.#service.place(tx, reading.order, line.number)
      if (outcome !== 'other') return count(tx, line, outcome)
      count(tx, line, 'rejected', 'the id is taken by another order')
    })
  }
}

/** Were an earlier line rolled back, the later ones must not step over it. */
function refuseGap(tx: SqliteTx, before: number): void {
  const { number } = readPosition(tx)
  if (number !== before) {
    throw new Error(`Cannot go on after line ${before}: stored is line ${number}`)
  }
}
