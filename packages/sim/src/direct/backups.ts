import { type Broker, BrokerError, createBroker, type Limits } from '@hufu/broker'
import type { Findings } from '../world/findings.ts'
import type { Machine } from '../world/machine.ts'
import type { Marks } from '../world/marks.ts'
import { begunWith, checkBackup, expectedOf, notExpired } from './backup-check.ts'
import type { Sender } from './consumer.ts'
import { QUEUES } from './queues.ts'
import { recordsOf } from './records.ts'

interface Made {
  readonly dir: string
  readonly expected: ReturnType<typeof expectedOf>
  /** So many puts of records, at least and at most, are in it. */
  readonly puts: readonly [least: number, most: number]
}

/** Copies of the folder made while the broker works, opened after the life that made them. */
export class BackupWorkload {
  readonly #machine: Machine
  readonly #direct: Sender
  readonly #limits: Partial<Limits>
  readonly #findings: Findings
  readonly #marks: Marks
  #made: Made[] = []

  constructor(
    machine: Machine,
    direct: Sender,
    limits: Partial<Limits>,
    findings: Findings,
    marks: Marks,
  ) {
    this.#machine = machine
    this.#direct = direct
    this.#limits = limits
    this.#findings = findings
    this.#marks = marks
  }

  begin(number: number): void {
    const { broker, life, sim } = this.#machine
    const { model } = this.#direct
    const dir = `/data/backup-${number}`
    const begun = begunWith(model)
    const records = this.#direct.records.model
    const least = records.confirmed
    broker.backup(dir).then(
      ({ bytes, position }) => {
        if (!this.#machine.alive || life !== this.#machine.life) return
        sim.trace.add(`backup ${number}: ${bytes} bytes, position ${position}`)
        const puts = [least, records.puts.length] as const
        this.#made.push({ dir, expected: expectedOf(model, begun), puts })
      },
      (error) => this.#failed(error),
    )
  }

  /** Opens what was made in lives before. */
  async look(): Promise<void> {
    const { life } = this.#machine
    for (const made of this.#made) {
      if (!(await this.#lookInto(made))) return
      // The process has ended, and the next one looks for itself.
      if (!this.#machine.alive || life !== this.#machine.life) return
      this.#made = this.#made.filter((other) => other !== made)
    }
  }

  /** False when the process ended meanwhile, or the disk failed. */
  async #lookInto({ dir, expected, puts }: Made): Promise<boolean> {
    const broker = await this.#open(dir)
    if (broker === undefined) return false
    const { damaged } = broker.report
    const report = () => `${dir}: ${JSON.stringify(broker.report)}`
    this.#findings.check(damaged.length === 0, 'a backup is whole', report)
    const names = new Set(broker.queues().map(({ name }) => name))
    const whole = QUEUES.every(({ name }) => names.has(name))
    this.#findings.check(whole, 'a backup has all queues', report)
    if (!whole) return true
    const found = await this.#direct.contentsOf(broker)
    if (found === undefined) return false
    this.#direct.records.model.check(recordsOf(broker), ...puts)
    const { time } = broker.stats()
    checkBackup(this.#direct.model, notExpired(expected, time), found, this.#findings)
    this.#marks.add('backupLookedInto')
    const closed = broker.close().catch((error) => this.#failed(error))
    await this.#machine.do(closed)
    return true
  }

  #open(dir: string): Promise<Broker | undefined> {
    const { sim } = this.#machine
    const onWarning = (text: string) => sim.trace.add(`warning of ${dir}: ${text}`)
    const onFatal = (error: Error) => sim.trace.add(`${dir}: ${error.message}`)
    const options = { dir, os: sim.os, limits: this.#limits, onWarning, onFatal }
    return this.#machine.do(createBroker(options)).catch((error) => {
      this.#failed(error)
      return undefined
    })
  }

  #failed(error: unknown): void {
    const text = String(error)
    this.#machine.sim.trace.add(`backup: ${text}`)
    const code = error instanceof BrokerError ? error.code : 'none'
    const ended = code === 'CLOSED' || code === 'LOG_FAILED'
    // The disk of this world is full only where the plan says so.
    const known = ended || this.#machine.faulty || /ENOSPC|LOG_FULL/.test(`${code} ${text}`)
    this.#findings.check(known, 'a backup is made, and opens', () => text)
  }
}
