import { setTimeout as sleep } from 'node:timers/promises'
import { isHufuError } from 'hufu'
import type { SqliteTx } from 'hufu/stores/sqlite'
import type { Line } from '../input/line-splitter.ts'
import { readLine } from '../input/read-line.ts'
import { count, moveTo, type Outcome, type Position, readPosition } from './intake-table.ts'
import type { OrderService } from './order.ts'
import { Turns } from './turns.ts'

/** Between two looks at what is undecided, ms. */
const AGAIN_MS = 20

/** A line and the non-empty one before it. */
interface Taking {
  readonly line: Line
  readonly before: number
}

/**
 * Takes in lines side by side, each order with a transactional message. Lines of one user or one
 * id wait for each other: a message is seen from its second word on, and so the order of a user's
 * messages is that of the second words.
 */
export class TransactionalIntake {
  readonly #service: OrderService
  readonly #undecided: () => number
  readonly #turns = new Turns()
  #last = 0
  #ahead = new Set<number>()

  /** `undecided`: how many half messages of the service wait for their second word. */
  constructor(service: OrderService, undecided: () => number) {
    this.#service = service
    this.#undecided = undecided
  }

  /**
   * The last line up to which nothing is missing. Waits until the broker has asked for every half
   * message that a crash left behind: later ones of the same users would overtake it.
   */
  async resume(): Promise<Position> {
    while (this.#undecided() > 0) await sleep(AGAIN_MS)
    const { store } = this.#service.hufu
    const { position, ahead } = await store.transaction((tx) => {
      return { position: readPosition(tx), ahead: readAhead(tx) }
    })
    this.#last = position.number
    this.#ahead = new Set(ahead)
    return position
  }

  /** Resolves once the line's outcome is on disk. Call in the order of lines, without waiting. */
  async take(line: Line): Promise<void> {
    const reading = readLine(line)
    if (reading.kind === 'empty') return
    const taking = { line, before: this.#last }
    this.#last = line.number
    if (this.#ahead.delete(line.number)) return
    if (reading.kind === 'bad') {
      const { reason } = reading
      return this.#service.hufu.store.transaction((tx) => note(tx, taking, 'rejected', reason))
    }
    const { order } = reading
    const keys = [`id ${order.id}`, `user ${order.userId}`]
    await this.#turns.take(keys, () =>
      untilDecided(() => {
        return this.#service.placeTransactional(order, line.number, (tx, placing) => {
          if (placing !== 'other') note(tx, taking, placing)
          else note(tx, taking, 'rejected', 'the id is taken by another order')
        })
      }),
    )
  }
}

/**
 * Tries again while an earlier attempt is not decided, or when this one took so long that the
 * broker asked and was told that nothing is stored.
 */
async function untilDecided(place: () => Promise<void>): Promise<void> {
  while (true) {
    try {
      return await place()
    } catch (error) {
      if (!isHufuError(error, 'IN_PROGRESS') && !isHufuError(error, 'FENCED')) throw error
    }
    await sleep(AGAIN_MS)
  }
}

/** Counts the line, and moves the position over all lines that follow it without a gap. */
function note(tx: SqliteTx, { line, before }: Taking, outcome: Outcome, reason?: string): void {
  count(tx, line, outcome, reason)
  tx.run('INSERT INTO ahead (line, before, end) VALUES (?, ?, ?)', line.number, before, line.end)
  let position = readPosition(tx)
  for (let next = after(tx, position); next; next = after(tx, position)) {
    tx.run('DELETE FROM ahead WHERE line = ?', next.number)
    position = next
  }
  moveTo(tx, position)
}

function after(tx: SqliteTx, { number }: Position): Position | undefined {
  return tx.get<Position>('SELECT line AS number, end FROM ahead WHERE before = ?', number)
}

/** Lines behind the position whose outcome is stored: a crash left them out of turn. */
function readAhead(tx: SqliteTx): number[] {
  return tx.all<{ line: number }>('SELECT line FROM ahead').map(({ line }) => line)
}
