import { HufuError } from 'hufu'

/** Who may hold locks. */
export interface Holder {
  /** The name of the lock that it waits for. */
  waitsFor: string | undefined
}

interface Waiter {
  readonly holder: Holder
  readonly go: () => void
}

interface Lock {
  owner: Holder
  readonly queue: Waiter[]
}

/** Row locks: one owner each, the others wait in the order in which they came. */
export class Locks {
  readonly #locks = new Map<string, Lock>()
  /** So often somebody had to wait, and was refused because of a circle. */
  waits = 0
  deadlocks = 0

  /** @throws HufuError `STORE_BUSY` when the wait would never end */
  async take(holder: Holder, name: string): Promise<void> {
    const lock = this.#locks.get(name)
    if (lock === undefined) {
      this.#locks.set(name, { owner: holder, queue: [] })
      return
    }
    if (lock.owner === holder) return
    if (this.#leadsTo(lock.owner, holder)) {
      this.deadlocks++
      throw new HufuError('STORE_BUSY', `Locking ${name}: its owner waits for the one who asks`)
    }
    this.waits++
    holder.waitsFor = name
    await new Promise<void>((go) => lock.queue.push({ holder, go }))
  }

  /** As `take`, but false at once while another has it. */
  tryTake(holder: Holder, name: string): boolean {
    const lock = this.#locks.get(name)
    if (lock === undefined) this.#locks.set(name, { owner: holder, queue: [] })
    return lock === undefined || lock.owner === holder
  }

  /** Whether `from` waits, through whomever, for something that `to` has. */
  #leadsTo(from: Holder, to: Holder): boolean {
    for (let at: Holder | undefined = from; at !== undefined; ) {
      if (at === to) return true
      at = at.waitsFor === undefined ? undefined : this.#locks.get(at.waitsFor)?.owner
    }
    return false
  }

  /** Gives up all that the holder has, or waits for. */
  release(holder: Holder): void {
    for (const [name, lock] of this.#locks) {
      const waiting = lock.queue.findIndex((waiter) => waiter.holder === holder)
      if (waiting >= 0) lock.queue.splice(waiting, 1)
      if (lock.owner === holder) this.#pass(name, lock)
    }
  }

  #pass(name: string, lock: Lock): void {
    const next = lock.queue.shift()
    if (next === undefined) {
      this.#locks.delete(name)
      return
    }
    lock.owner = next.holder
    next.holder.waitsFor = undefined
    next.go()
  }
}
