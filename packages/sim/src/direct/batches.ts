import type { Settlement } from '@hufu/broker'
import type { Step } from '../plan/step.ts'
import type { Machine } from '../world/machine.ts'
import type { Marks } from '../world/marks.ts'
import type { Consumer, Held, Sender } from './consumer.ts'
import type { Copy, Group } from './copy.ts'

type BatchStep = Extract<Step, { kind: 'batch' }>

/** Atomic batches: publishes and settles in one. */
export class BatchWorkload {
  readonly #machine: Machine
  readonly #direct: Sender
  readonly #marks: Marks
  /** What a further batch names while the first has not been answered: either may settle it. */
  readonly #namedAgain = new Set<Copy>()

  constructor(machine: Machine, direct: Sender, marks: Marks) {
    this.#machine = machine
    this.#direct = direct
    this.#marks = marks
  }

  run(step: BatchStep, number: number): void {
    const { broker, sim } = this.#machine
    const batch = broker.batch()
    const group: Group = { name: `b${number}`, sents: [], settles: [], commit: 'no' }
    for (const [at, message] of step.messages.entries()) {
      const { request } = this.#direct.message(message, `b${number}.${at}`, group)
      batch.publish(request).catch((error) => this.#direct.expected('batch.publish', error))
    }
    const held = this.#direct.heldBy(step.settles)
    if (held !== undefined) {
      const settlements = held.held.map(({ id }): Settlement => ({ id, outcome: 'done' }))
      batch.settle(held.consumer.subscription, settlements)
    }
    if (step.end === 'forget') return
    sim.os.clock.timer(step.holdMs, () => {
      if (step.end === 'commit') this.#commit(batch, group, held)
      else this.#rollback(batch, group)
    })
  }

  #rollback(batch: { rollback(): Promise<void> }, group: Group): void {
    this.#direct.model.notCommitted(group, false)
    batch.rollback().catch((error) => this.#direct.expected('batch.rollback', error))
  }

  #commit(batch: { commit(): Promise<number[]> }, group: Group, held: Held | undefined): void {
    const { model } = this.#direct
    group.commit = 'asked'
    const consumer = held?.consumer
    for (const { copy, id } of held?.held ?? []) {
      if (!consumer || consumer.closed) continue
      if (copy.holder?.consumer !== consumer.number) {
        // It may have it again by the time at which the batch gets to it.
        if (copy.gone === 'no') copy.gone = 'asked'
        this.#namedAgain.add(copy)
        continue
      }
      group.settles.push({ copy, consumer, delivered: copy.delivered })
      model.ask(copy, { id, outcome: 'done' }, this.#direct.now())
    }
    batch.commit().then(
      (ids) => {
        for (const [at, sent] of group.sents.entries()) model.confirm(sent, ids[at]!)
        model.committed(group)
        this.#marks.add('batchCommitted')
      },
      (error) => this.#refused(group, consumer, error),
    )
  }

  /** Nothing of it took effect: the deliveries stay with their consumer. */
  #refused(group: Group, consumer: Consumer | undefined, error: unknown): void {
    const unknown = this.#direct.expected('batch.commit', error) === 'LOG_FAILED'
    const { model } = this.#direct
    model.notCommitted(group, unknown)
    if (unknown || consumer === undefined) return
    for (const { copy, delivered } of group.settles.splice(0)) {
      // Delivered again meanwhile: what that consumer said of it stands.
      if (copy.delivered !== delivered || this.#namedAgain.has(copy)) continue
      copy.gone = 'no'
      model.backInQueue(copy)
      if (!consumer.closed) copy.holder = { life: consumer.life, consumer: consumer.number }
    }
  }
}
