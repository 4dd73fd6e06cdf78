import type { Broker } from '@hufu/broker'
import type { Step } from '../plan/step.ts'
import type { Findings } from '../world/findings.ts'
import type { Machine } from '../world/machine.ts'
import type { Marks } from '../world/marks.ts'
import type { Sender } from './consumer.ts'
import { type Put, RecordModel } from './record-model.ts'

type PutStep = Extract<Step, { kind: 'put' }>

/** Records put, and compared in every life and in backups. */
export class RecordWorkload {
  readonly model: RecordModel
  readonly #machine: Machine
  readonly #direct: Sender
  readonly #marks: Marks

  constructor(machine: Machine, direct: Sender, findings: Findings, marks: Marks) {
    this.#machine = machine
    this.#direct = direct
    this.#marks = marks
    this.model = new RecordModel(findings)
  }

  run(step: PutStep, number: number): void {
    const changes = step.changes.map(({ key, bytes }, at) => {
      const value = bytes === undefined ? undefined : `${number}.${at} `.padEnd(bytes, 'r')
      return { key: `k${key}`, value }
    })
    const put = this.model.ask(changes)
    const given = changes.map(({ key, value }) => {
      return { key, value: value === undefined ? undefined : Buffer.from(value) }
    })
    this.#machine.broker.records.put(given).then(
      () => this.#stored(put),
      (error) => {
        if (this.#direct.expected('records.put', error) !== 'LOG_FAILED') put.state = 'void'
      },
    )
  }

  /** A life has begun. */
  begin(): void {
    const found = recordsOf(this.#machine.broker)
    this.model.begin(found)
    if (found.size > 0) this.#marks.add('recordsFound')
  }

  check(): void {
    const { puts, confirmed } = this.model
    this.model.check(recordsOf(this.#machine.broker), confirmed, puts.length)
  }

  #stored(put: Put): void {
    put.state = 'confirmed'
    this.#machine.sim.trace.add(`confirmed records ${put.changes.map(({ key }) => key)}`)
    if (this.#machine.alive) this.check()
  }
}

export function recordsOf(broker: Broker): Map<string, string> {
  const entries = broker.records.entries('k')
  return new Map(entries.map(([key, value]) => [key, Buffer.from(value).toString()]))
}
