import { setTimeout as pause } from 'node:timers/promises'
import type { SqliteStore, SqliteTx } from 'hufu/stores/sqlite'
import { quantile, rounded } from '../statistics.ts'
import { openWorld } from './world.ts'

export interface Steady {
  readonly perSecond: number
  readonly orders: number
  /** From the producer's commit to the commit of the consumer's effect, ms. */
  readonly commitToEffect: Quantiles
  /** From the time at which the order was due, however late it was really placed, ms. */
  readonly dueToEffect: Quantiles
}

interface Quantiles {
  readonly p50: number
  readonly p99: number
  readonly max: number
}

/** Before this time nothing is measured: code is being compiled, ms. */
const WARM_MS = 1_000

/** Open loop: orders come at their times, whether earlier ones are through or not. */
export async function steady(dir: string, perSecond: number, seconds: number): Promise<Steady> {
  const effects = new EffectTimes()
  const { onEffect, watch } = effects
  const world = await openWorld('all', { dir, concurrency: 200, onEffect, watch })
  try {
    const committed = new Map<string, number>()
    const start = performance.now()
    const dueAt = (n: number) => start + (n * 1_000) / perSecond
    const total = Math.round((seconds + WARM_MS / 1_000) * perSecond)
    const placing: Promise<void>[] = []
    for (let n = 0; n < total; ) {
      for (; n < total && dueAt(n) <= performance.now(); n++) {
        const id = `o${n}`
        placing.push(world.place(n).then(() => void committed.set(id, performance.now())))
      }
      await pause(1)
    }
    await Promise.all(placing)
    await world.settled()
    const ids = Array.from({ length: total }, (_, n) => n).filter(
      (n) => dueAt(n) >= start + WARM_MS,
    )
    return {
      perSecond,
      orders: ids.length,
      commitToEffect: quantiles(ids.map((n) => effects.at(`o${n}`) - committed.get(`o${n}`)!)),
      dueToEffect: quantiles(ids.map((n) => effects.at(`o${n}`) - dueAt(n))),
    }
  } finally {
    await world.close()
  }
}

function quantiles(values: readonly number[]): Quantiles {
  const at = (part: number) => rounded(quantile(values, part))
  return { p50: at(0.5), p99: at(0.99), max: at(1) }
}

/** When the transactions of the consumer were committed, by message. */
class EffectTimes {
  readonly #ids = new WeakMap<SqliteTx, string>()
  readonly #times = new Map<string, number>()

  readonly onEffect = (tx: SqliteTx, { id }: { id: string }) => void this.#ids.set(tx, id)

  at(id: string): number {
    const time = this.#times.get(id)
    if (time === undefined) throw new Error(`order ${id} had no effect`)
    return time
  }

  readonly watch = (store: SqliteStore): SqliteStore => ({
    ...store,
    transaction: async (fn, options) => {
      let held: SqliteTx | undefined
      const result = await store.transaction((tx) => {
        held = tx
        return fn(tx)
      }, options)
      const id = held && this.#ids.get(held)
      if (id !== undefined) this.#times.set(id, performance.now())
      return result
    },
  })
}
