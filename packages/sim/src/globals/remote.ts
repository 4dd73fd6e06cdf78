import { later, type Participant } from 'hufu'
import type { Surroundings } from './gate.ts'

/** Somebody without a barrier who keeps what was asked by key, as many payment services do. */
export class Remote {
  readonly down = false
  /** Effects by `id/branch/op`. */
  readonly effects = new Map<string, number>()
  readonly #around: Surroundings
  #runs = 0

  constructor(around: Surroundings) {
    this.#around = around
  }

  participant(): Participant<unknown, number> {
    return {
      kind: 'remote',
      call: async ({ id, branch, op }) => {
        const key = `${id}/${branch}/${op}`
        const run = ++this.#runs
        if (this.#rolls('remote later', key, run, this.#around.setting.later)) throw later(15)
        const known = this.effects.get(key)
        if (known === undefined) this.effects.set(key, run)
        if (this.#rolls('remote', key, run, this.#around.setting.thrown))
          throw new Error('by chance')
        return known ?? run
      },
    }
  }

  #rolls(what: string, key: string, run: number, chance: number): boolean {
    return !this.#around.healed() && this.#around.dice.of(what, key, run) < chance
  }
}
