import type { Findings } from '../world/findings.ts'

/** A put of some records; an undefined value deletes. */
export interface Put {
  readonly changes: readonly { key: string; value: string | undefined }[]
  /** `void`: the broker said no, or it was on its way when its life ended and did not arrive. */
  state: 'asked' | 'confirmed' | 'void'
}

/**
 * What records must be: the outcome of all puts up to one that is not before the last confirmed.
 */
export class RecordModel {
  readonly puts: Put[] = []
  readonly #findings: Findings

  constructor(findings: Findings) {
    this.#findings = findings
  }

  ask(changes: Put['changes']): Put {
    const put: Put = { changes, state: 'asked' }
    this.puts.push(put)
    return put
  }

  /** So many puts, at least, are in effect. */
  get confirmed(): number {
    return this.puts.findLastIndex(({ state }) => state === 'confirmed') + 1
  }

  /** A life has begun: what is not found of the lives before never comes. */
  begin(found: ReadonlyMap<string, string>): void {
    const reached = this.check(found, this.confirmed, this.puts.length)
    for (const put of this.puts.slice(reached)) put.state = 'void'
  }

  /** How many puts these records are the outcome of, between `least` and `most`. */
  check(found: ReadonlyMap<string, string>, least: number, most: number): number {
    const records = new Map<string, string>()
    for (let count = 0; count <= most; count++) {
      if (count > 0) apply(records, this.puts[count - 1]!)
      if (count >= least && isSame(records, found)) return count
    }
    const what = () => `${JSON.stringify([...found])} after ${least} to ${most} puts`
    this.#findings.check(false, 'records are the outcome of their puts, in order', what)
    return most
  }
}

function apply(records: Map<string, string>, { changes, state }: Put): void {
  if (state === 'void') return
  for (const { key, value } of changes) {
    if (value === undefined) records.delete(key)
    else records.set(key, value)
  }
}

function isSame(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  return a.size === b.size && [...a].every(([key, value]) => b.get(key) === value)
}
