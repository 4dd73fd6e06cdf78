import type { EntryView } from '../log/entry.ts'
import { type Prepared, PreparedTable } from '../prepared/table.ts'
import type { Origin } from './origin.ts'
import type { NewReturn } from './records.ts'

/** A message whose body is stored and which nobody sees yet. */
export interface HeldMessage {
  position: number
  size: number
  /** Bytes of its body; missing in what an earlier version stored. */
  body?: number
  key: number
  /** 0 = not delayed. */
  dueAt: number
  /** It has a time to live of its own; missing in what an earlier version stored. */
  expires?: boolean
  /** Default 0. */
  priority?: number
  queues: readonly number[]
  /** What it takes out of another queue when it becomes visible. */
  origin: Origin | null
}

/** An entry that takes effect with its batch. */
export type HeldAction =
  | { kind: 'settle'; queue: number; ids: readonly number[] }
  | { kind: 'return'; queue: number; items: readonly NewReturn[]; at: number }
  | { kind: 'prepare'; prepared: Prepared }
  | { kind: 'end'; batch: number; commit: boolean; firstId: number; at: number }

/** Operations that become visible by one entry, or never. */
export interface HeldBatch {
  readonly number: number
  /** By their number in the batch. */
  readonly messages: HeldMessage[]
  readonly actions: HeldAction[]
}

/** What a batch does to the queues when it takes effect. */
export interface BatchEffects {
  /** The body's bytes count as live, or not any more. */
  keep(message: HeldMessage, by: 1 | -1): void
  /** The message counts as being on its way into its queues, or not any more. */
  expect(message: HeldMessage, by: 1 | -1): void
  /** The message becomes visible; its body is kept and it is expected already. */
  show(message: HeldMessage, id: number): void
  settle(queue: number, ids: readonly number[]): void
  bringBack(queue: number, items: readonly NewReturn[], at: number): void
}

/**
 * Batches and prepared transactions that are not ended: derived from the log, like everything else.
 */
export class Batches {
  readonly table: PreparedTable
  /** Number of the next batch. */
  nextNumber = 1
  /** Called when a transaction has become a prepared one while the broker runs. */
  onPrepared: (prepared: Prepared) => void = () => undefined
  readonly #open = new Map<number, HeldBatch>()
  readonly #effects: BatchEffects

  constructor(effects: BatchEffects, decidedMax: number) {
    this.#effects = effects
    this.table = new PreparedTable(decidedMax)
  }

  get size(): number {
    return this.#open.size
  }

  values(): IterableIterator<HeldBatch> {
    return this.#open.values()
  }

  find(number: number): HeldBatch | undefined {
    return this.#open.get(number)
  }

  /**
   * Stores a message that waits for the end of its batch. `expected`: its publisher has it counted
   * already. One that is there comes from a checkpoint, and is read once more behind it.
   */
  hold(number: number, index: number, message: HeldMessage, expected: boolean): void {
    const { messages } = this.#of(number)
    if (messages[index] !== undefined) return
    messages[index] = message
    this.#effects.keep(message, 1)
    if (!expected) this.#effects.expect(message, 1)
  }

  /** A held message's bytes are now elsewhere in the log. */
  relocate(number: number, index: number, position: number): void {
    const message = this.#open.get(number)?.messages[index]
    if (message === undefined) return
    this.#effects.keep(message, -1)
    message.position = position
    this.#effects.keep(message, 1)
  }

  /** Does it now, or with the batch that it is part of. */
  apply(batch: number, action: HeldAction): void {
    if (batch !== 0) this.#of(batch).actions.push(action)
    else this.#act(action)
  }

  checked(batch: number, checks: number, nextAt: number, parked: boolean): void {
    const prepared = this.table.ofBatch(batch)
    if (prepared !== undefined) Object.assign(prepared, { checks, nextAt, parked })
  }

  /** From a checkpoint. */
  restore(batch: HeldBatch): void {
    // A refused message leaves a gap, which JSON writes as null.
    for (const [index, message] of batch.messages.entries()) {
      if (message === null) delete batch.messages[index]
    }
    this.#open.set(batch.number, batch)
    this.nextNumber = Math.max(this.nextNumber, batch.number + 1)
    for (const message of Object.values(batch.messages)) {
      this.#effects.keep(message, 1)
      this.#effects.expect(message, 1)
    }
  }

  /** At the begin of a life: nobody is left who could end a batch that is not prepared. */
  dropUnprepared(): void {
    for (const { number } of [...this.#open.values()]) {
      if (this.table.ofBatch(number) === undefined) this.#end(number, false, 0, 0)
    }
  }

  #of(number: number): HeldBatch {
    this.nextNumber = Math.max(this.nextNumber, number + 1)
    const known = this.#open.get(number)
    if (known !== undefined) return known
    const batch: HeldBatch = { number, messages: [], actions: [] }
    this.#open.set(number, batch)
    return batch
  }

  #act(action: HeldAction): void {
    switch (action.kind) {
      case 'settle':
        return this.#effects.settle(action.queue, action.ids)
      case 'return':
        return this.#effects.bringBack(action.queue, action.items, action.at)
      case 'prepare':
        return this.#prepare(action.prepared)
      case 'end':
        return this.#end(action.batch, action.commit, action.firstId, action.at)
    }
  }

  #prepare(prepared: Prepared): void {
    // Read again behind a checkpoint that knows it, or what became of it, already.
    const known = this.table.ofBatch(prepared.batch) ?? this.table.decisionOf(prepared.batch)
    if (known !== undefined) return
    this.#of(prepared.batch)
    this.table.add(prepared)
    this.onPrepared(prepared)
  }

  #end(number: number, commit: boolean, firstId: number, at: number): void {
    const batch = this.#open.get(number)
    this.#open.delete(number)
    this.table.decide(number, commit ? 'commit' : 'rollback', at)
    if (batch === undefined) return
    for (const [index, message] of batch.messages.entries()) {
      // Parts of one that ended before a checkpoint, read again behind it, leave gaps.
      if (message === undefined) continue
      this.#effects.expect(message, -1)
      if (commit) this.#effects.show(message, firstId + index)
      else this.#effects.keep(message, -1)
    }
    if (commit) this.#actAll(batch, firstId + batch.messages.length)
  }

  /**
   * Transactions that are decided in a batch get their ids behind the batch's own, from `nextId`.
   */
  #actAll(batch: HeldBatch, nextId: number): void {
    let firstId = nextId
    for (const action of batch.actions) {
      if (action.kind !== 'end') this.#act(action)
      else {
        const messages = action.commit ? (this.#open.get(action.batch)?.messages.length ?? 0) : 0
        this.#act({ ...action, firstId })
        firstId += messages
      }
    }
  }
}

/** The queue numbers of a message entry, copied. */
export function queuesOf(entry: EntryView, queuesAt: number): number[] {
  const queues: number[] = []
  for (let i = 0; i < entry.aux; i++) queues.push(entry.view.getUint32(queuesAt + 4 * i, true))
  return queues
}
