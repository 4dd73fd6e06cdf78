import type { Claim, ClaimRequest, SendOutcome } from '../../ports/store.ts'
import type { Opened } from './access.ts'
import { candidates, look } from './candidates.ts'
import { Lease } from './lease.ts'
import type { Session } from './session.ts'
import { settle } from './settle.ts'

/** One relay at a time sends the rows of a database; the lease says which. */
export class Claims {
  readonly #opened: Opened
  readonly #lease: Lease

  constructor(opened: Opened) {
    this.#opened = opened
    this.#lease = new Lease(opened)
  }

  claim(request: ClaimRequest): Promise<Claim | undefined> {
    return this.#opened().own.alone((session) => this.#claim(session, request))
  }

  async settle(session: Session, token: number, outcomes: readonly SendOutcome[]) {
    if (!(await this.#lease.holds(session, token))) return false
    await settle(session, outcomes)
    return true
  }

  release(relay: string): Promise<void> {
    return this.#lease.release(relay)
  }

  async #claim(session: Session, request: ClaimRequest): Promise<Claim | undefined> {
    let found = await look(session)
    if (!found.fresh && !found.due) return { token: 0, rows: [], more: false }
    if (!this.#lease.fresh(request)) {
      if (!(await this.#lease.take(session, request))) return undefined
      // What the former owner has settled meanwhile is none any more.
      found = await look(session)
    }
    const { token } = this.#lease
    return { token, ...(await candidates(session, found, request.limit)) }
  }
}
