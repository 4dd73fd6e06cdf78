import { type Clock, type Os, sleep } from '@hufu/os'
import { fail, later, type StepContext } from 'hufu'
import { Database } from '../store/database.ts'
import { type ModelStore, modelStore } from '../store/model-store.ts'
import { BARRIER, type BarrierRecord } from '../store/port.ts'
import type { ModelTx } from '../store/tx.ts'
import { type Move, move } from './books.ts'
import type { Surroundings } from './gate.ts'
import type { Transfer } from './step.ts'

/** What a work returns; its undoing is told. */
export interface Done {
  readonly cents: number
  readonly run: number
}

type Context = Pick<StepContext<unknown>, 'id' | 'branch' | 'attempt'>

/** Longest time of a slow work, ms. */
const WORK_MS = 40

/** A participant with a database of its own, and the barrier in it. */
export class Bank {
  readonly database: Database
  readonly store: ModelStore
  /** Nobody reaches it. */
  down = false
  readonly #around: Surroundings
  readonly #clock: Clock

  constructor(name: string, now: () => number, clock: Clock, around: Surroundings) {
    this.database = new Database(name, now)
    this.store = marking(modelStore(this.database), around)
    this.#around = around
    this.#clock = clock
  }

  open(os: Os): Promise<void> {
    return this.store.open(os)
  }

  /** What is done, or tried. */
  does(op: 'action' | 'try', how: (input: Transfer) => Move) {
    return async (tx: ModelTx, input: Transfer, ctx: Context): Promise<Done> => {
      const run = await this.#begin(op, ctx)
      const { setting } = this.#around
      if (this.#rolls('refused', ctx, op, run, setting.refused)) throw fail('CLOSED')
      if (!(await move(tx, { ...idOf(ctx), op, run }, how(input), true))) throw fail('POOR')
      if (this.#rolls('thrown', ctx, op, run, setting.thrown)) throw new Error('by chance')
      return { cents: input.cents, run }
    }
  }

  /** What undoes, confirms or cancels it. */
  ends(op: 'compensate' | 'confirm' | 'cancel', how: (input: Transfer, done: Done) => Move) {
    return async (tx: ModelTx, input: Transfer, done: Done, ctx: Context): Promise<void> => {
      const run = await this.#begin(op, ctx)
      if (done?.cents !== input.cents) throw new Error(`${op}: not told what was done`)
      await move(tx, { ...idOf(ctx), op, run }, how(input, done), false)
      if (this.#rolls('thrown', ctx, op, run, this.#around.setting.thrown)) {
        throw new Error('by chance')
      }
    }
  }

  async #begin(op: string, ctx: Context): Promise<number> {
    const run = this.database.nextRef()
    const { setting, dice } = this.#around
    if (this.#rolls('work', ctx, op, run, setting.slow)) {
      await sleep(this.#clock, dice.of('work ms', ctx.id, ctx.branch, op, run) * WORK_MS)
    }
    if (this.#rolls('later', ctx, op, run, setting.later)) throw later(20)
    return run
  }

  #rolls(what: string, { id, branch }: Context, op: string, run: number, chance: number): boolean {
    const { dice, healed } = this.#around
    return !healed() && dice.of(what, this.database.name, id, branch, op, run) < chance
  }
}

function idOf({ id, branch }: Context) {
  return { id, branch }
}

/** The same store; says what its barrier has kept away. */
function marking(store: ModelStore, { mark }: Surroundings): ModelStore {
  const { barrier } = store
  return {
    ...store,
    barrier: {
      ...barrier,
      async enter(tx, key) {
        const word = await barrier.enter(tx, key)
        if (word === 'empty') mark('emptyUndo')
        if (word !== 'repeat') return word
        const { gid, branch, op } = key
        const name = JSON.stringify([gid, branch, op, key.barrier])
        const { reason } = tx.get<BarrierRecord>(BARRIER, name)!
        mark(reason === op ? 'repeatedCall' : 'hangingCall')
        return word
      },
    },
  }
}
