import type { Claim, ClaimRequest, SendOutcome } from '../../ports/store.ts'
import type { Opened } from './access.ts'
import { candidates, isAnything } from './candidates.ts'
import { cursorOf, moveCursor, reachable } from './cursor.ts'
import { Lease } from './lease.ts'
import { settle } from './settle.ts'
import type { SqliteTx } from './tx.ts'
import { connectionOf } from './tx.ts'

/** So many rows that nobody has to send may lie behind the cursor before it is moved over them. */
const STEP = 256

/**
 * One relay at a time sends the rows of a file; the lease says which. Rows are read outside of the
 * writer, so that only committed ones are seen and slow transactions do not delay the relay.
 */
export class Claims {
  readonly #opened: Opened
  readonly #lease: Lease

  constructor(opened: Opened) {
    this.#opened = opened
    this.#lease = new Lease('relay', opened)
  }

  async claim(request: ClaimRequest): Promise<Claim | undefined> {
    const { reader, recent, os } = this.#opened()
    if (!this.#lease.fresh(request)) {
      if (!isAnything(reader, os.clock.now())) return this.#nothing(0)
      if (!(await this.#lease.take(request))) return undefined
    }
    const { token } = this.#lease
    const found = candidates(reader, os.clock.now(), request.limit, recent)
    return found.rows.length === 0 ? this.#nothing(token) : { token, ...found }
  }

  settle(tx: SqliteTx, token: number, outcomes: readonly SendOutcome[]): boolean {
    const connection = connectionOf(tx)
    if (!this.#lease.holds(connection, token)) return false
    settle(connection, outcomes, this.#opened().os.clock.now())
    return true
  }

  release(relay: string): Promise<void> {
    return this.#lease.release(relay)
  }

  letGo(): void {
    this.#lease.letGo()
  }

  /** Sees to it that the next look at nothing is short, however many half messages there were. */
  async #nothing(token: number): Promise<Claim> {
    const { reader, writer } = this.#opened()
    const to = reachable(reader)
    if (to - cursorOf(reader) >= STEP) {
      await writer.submit(({ connection }) => moveCursor(connection, to))
    }
    return { token, rows: [], more: false }
  }
}
