import { TRANSACTIONS, type TransactionRecord } from '../store/port.ts'
import type { Findings } from '../world/findings.ts'
import { FIRST_CENTS, OWNERS, totals } from './books.ts'
import type { Places } from './definitions.ts'
import type { Oracle } from './oracle.ts'
import { COMMITTED, UNDOING } from './plans.ts'
import type { DefinitionName } from './step.ts'

/** What must hold when the faults have stopped and everything has come to its end. */
export class Closing {
  readonly #places: Places
  readonly #oracle: Oracle
  readonly #findings: Findings

  constructor(places: Places, oracle: Oracle, findings: Findings) {
    this.#places = places
    this.#oracle = oracle
    this.#findings = findings
  }

  check(): void {
    const rows = this.#places.office.database.rows<TransactionRecord>(TRANSACTIONS)
    for (const row of rows) this.#checkEnd(row)
    this.#checkStrangers(new Set(rows.map(({ id }) => id)))
    for (const { id, name } of rows) {
      const meant = name === 'pay' || this.#oracle.isMeant(id)
      this.#findings.check(meant, 'what was rolled back by its caller is not begun', () => id)
    }
    this.#checkMoney(rows)
  }

  #checkEnd(row: TransactionRecord): void {
    const { id, status } = row
    if (status === 'committed') return this.#checkCommitted(row)
    if (status === 'rolledBack') return this.#checkRolledBack(row)
    const word = { mixed: 'skip', stopped: 'stop' } as const
    const verb = word[status as 'mixed' | 'stopped']
    const said = verb !== undefined && this.#oracle.hasSaid(id, verb)
    this.#findings.check(said, 'only a person leaves it mixed or stopped', () => `${id} ${status}`)
  }

  #checkCommitted({ id, name }: TransactionRecord): void {
    const effects = new Set(this.#oracle.effectsOf(id))
    if (this.#places.remote.effects.has(`${id}/mail/action`)) effects.add('mail/action')
    const wanted = [...COMMITTED[name as DefinitionName]]
    if (name === 'transfer' || name === 'pay') wanted.push('mail/action')
    // A person may say that it was committed where nobody could know.
    if (this.#oracle.hasSaid(id, 'commit')) effects.add('local/action')
    const text = () => `${id}: ${[...effects].join()}`
    const all = wanted.every((each) => effects.has(each))
    this.#findings.check(all, 'committed: everything has taken effect', text)
    const only = [...effects].every((each) => wanted.includes(each) || each === 'local/action')
    this.#findings.check(only, 'committed: nothing was undone', text)
  }

  #checkRolledBack({ id }: TransactionRecord): void {
    const effects = this.#oracle.effectsOf(id)
    const stands = [...effects].filter((effect) => {
      const [branch, op = ''] = effect.split('/')
      const undoing = UNDOING.find(([done]) => done === op)
      if (undoing === undefined) return op === 'confirm'
      return !effects.has(`${branch}/${undoing[1]}`)
    })
    // A person may turn back although a pivot is in doubt.
    const forced = this.#oracle.hasSaid(id, 'rollback', 'skip')
    const left = stands.filter((each) => !forced || each !== 'in/action')
    const text = () => `${id}: ${left.join()} of ${[...effects].join()}`
    this.#findings.check(left.length === 0, 'rolled back: nothing is left', text)
  }

  /** A transaction of which there is no row has no effect. */
  #checkStrangers(known: ReadonlySet<string>): void {
    for (const id of this.#oracle.known()) {
      this.#findings.check(known.has(id), 'what takes effect is on record', () => id)
    }
  }

  #checkMoney(rows: readonly TransactionRecord[]): void {
    let cents = 0
    let frozen = 0
    const { office, left, right } = this.#places
    for (const { database } of [office, left, right]) {
      const found = totals(database)
      const same = found.cents === found.noted.balance && found.frozen === found.noted.frozen
      const text = () => `${database.name}: ${JSON.stringify(found)}`
      this.#findings.check(same, 'an account and its effects: both or neither', text)
      cents += found.cents + found.frozen
      frozen += found.frozen
    }
    const byThemselves = rows.every(({ id, status }) => {
      const clean = status === 'committed' || status === 'rolledBack'
      return clean && !this.#oracle.hasSaid(id, 'commit', 'rollback', 'skip')
    })
    if (!byThemselves) return
    const text = () => `${cents} and ${frozen} of it frozen`
    const whole = cents === 3 * OWNERS * FIRST_CENTS && frozen === 0
    this.#findings.check(whole, 'no money is lost or made', text)
  }
}
