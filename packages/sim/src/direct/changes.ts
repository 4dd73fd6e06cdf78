import { BrokerError, type QueueOptions } from '@hufu/broker'
import type { Step } from '../plan/step.ts'
import type { Findings } from '../world/findings.ts'
import type { Machine } from '../world/machine.ts'
import type { Marks } from '../world/marks.ts'
import { type Life, lifeOf } from './changing-life.ts'
import type { Sender } from './consumer.ts'
import { CHANGING, optionsOf } from './queues.ts'

type ChangeStep = Extract<Step, { kind: 'change' }>

/** One change of the queue's options, or the declaration. */
interface Change {
  readonly options: QueueOptions
  readonly life: Life
  confirmed: boolean
}

/** Changes of a queue while it lives: what holds is what one of them said, none too early. */
export class ChangeWorkload {
  /** Those that may hold, in their order. */
  #changes: Change[]
  readonly #machine: Machine
  readonly #direct: Sender
  readonly #findings: Findings
  readonly #marks: Marks

  constructor(machine: Machine, direct: Sender, findings: Findings, marks: Marks) {
    this.#machine = machine
    this.#direct = direct
    this.#findings = findings
    this.#marks = marks
    this.#changes = [{ options: optionsOf(CHANGING), life: lifeOf(undefined), confirmed: false }]
  }

  /** `number` makes it differ from all others. */
  run({ expiresMs }: ChangeStep, number: number): void {
    const { maxBytes = 0, ...rest } = optionsOf(CHANGING)
    const expires = expiresMs === undefined ? {} : { messageExpiresMs: expiresMs }
    const options = { ...rest, maxBytes: maxBytes + number, ...expires }
    const change = { options, life: lifeOf(expiresMs), confirmed: false }
    this.#changes.push(change)
    const { changingLife, sent } = this.#direct.model
    changingLife.ask(change.life, sent.values())
    this.#machine.broker.changeQueue(CHANGING, options).then(
      () => {
        change.confirmed = true
        changingLife.holds(change.life)
        this.#machine.sim.trace.add(`changed ${number}`)
      },
      (error) => {
        if (this.#direct.expected('changeQueue', error) !== 'LOG_FULL') return
        this.#changes = this.#changes.filter((other) => other !== change)
        changingLife.refused(change.life)
      },
    )
  }

  /** A life has begun: which change holds is found out by declaring the queue as it is. */
  async begin(): Promise<void> {
    const least = Math.max(
      0,
      this.#changes.findLastIndex(({ confirmed }) => confirmed),
    )
    const open = this.#changes.slice(least)
    for (const change of open) {
      if (!(await this.#holds(change))) continue
      if (change !== this.#changes[0]) this.#marks.add('changeFound')
      change.confirmed = true
      this.#changes = [change]
      const { changingLife, sent } = this.#direct.model
      changingLife.found(change.life, sent.values())
      return
    }
    if (this.#machine.alive) this.#never(`none of the last ${open.length} does`)
  }

  /** The last change holds. */
  async check(): Promise<void> {
    const last = this.#changes.at(-1)!
    // One that waits for room on the disk does not hold yet.
    const holds = !last.confirmed || (await this.#holds(last))
    if (!holds && this.#machine.alive) this.#never(JSON.stringify(last.options))
  }

  /** True also when the process ends meanwhile, or refuses for a reason of its own. */
  async #holds({ options }: Change): Promise<boolean> {
    const declared = this.#machine.broker.declareQueue(CHANGING, options)
    const refusal = await this.#machine.do(declared).catch((error: unknown) => error)
    if (!(refusal instanceof BrokerError)) return this.#machine.alive
    if (refusal.code === 'QUEUE_MISMATCH') return false
    this.#direct.expected('declareQueue', refusal)
    return false
  }

  #never(detail: string): void {
    this.#findings.report('a queue is as the last change has left it', detail)
  }
}
