import { setTimeout as sleep } from 'node:timers/promises'
import type { Broker, Delivery, Settlement, Subscription } from '@hufu/broker'
import { BrokerError } from '@hufu/broker'
import type { SeededRandom } from '@hufu/os/simulated'
import { DEAD, ORDERED } from '../history/history.ts'
import type { ReportFile } from '../history/report-file.ts'
import { tokenOf } from './body.ts'
import { deliveredEvent, placeOf, QUEUES } from './queues.ts'

const CREDIT_MAX = 30
const REOPEN_MS_MAX = 60
const WORK_MS_MAX = 15
/** On the queue `shelf`, ms; messages stay in old segments meanwhile. */
const SHELF_MS = 200

export interface Consuming {
  broker: Broker
  random: SeededRandom
  report: ReportFile
}

/** Consumes every queue: settles in all ways, keeps some, comes and goes. */
export class Consumer {
  readonly #with: Consuming

  constructor(consuming: Consuming) {
    this.#with = consuming
  }

  run(): void {
    for (const queue of Object.keys(QUEUES)) void this.#comeAndGo(queue)
  }

  async #comeAndGo(queue: string): Promise<never> {
    const { random, broker } = this.#with
    while (true) {
      const options = { credit: 1 + random.below(CREDIT_MAX), keyOrder: queue === ORDERED }
      const visit = { open: true }
      const subscription = broker.subscribe(queue, options, (batch) => {
        this.#take(subscription, batch, visit)
      })
      await sleep(random.next() * REOPEN_MS_MAX * (random.chance(0.3) ? 1 : 20))
      visit.open = false
      await subscription.close()
    }
  }

  #take(subscription: Subscription, batch: readonly Delivery[], visit: { open: boolean }): void {
    const { report, random, broker } = this.#with
    const { time } = broker.stats()
    for (const delivery of batch) report.add(deliveredEvent(delivery, time))
    report.flush()
    for (const delivery of batch) {
      const settlement = this.#settlement(delivery)
      if (settlement === undefined) continue
      const settle = () => {
        // Too late: it went back to the queue, and the broker would ignore the word.
        if (visit.open) void settleNoted(subscription, delivery, settlement, report)
      }
      if (delivery.queue === 'shelf') setTimeout(settle, SHELF_MS)
      else if (random.chance(0.5)) setTimeout(settle, random.next() * WORK_MS_MAX)
      else settle()
    }
  }

  /** What the consumer says; undefined: it keeps the message. */
  #settlement({ id, queue }: Delivery): Settlement | undefined {
    const { random } = this.#with
    const choice = random.next()
    if (choice < 0.72) return { id, outcome: 'done' }
    if (choice < 0.75) return undefined
    if (choice < 0.85) return { id, outcome: 'later', delayMs: random.below(60) }
    if (queue === DEAD || choice < 0.95) return { id, outcome: 'retry', cause: 'chance' }
    return { id, outcome: 'reject', cause: 'bad luck' }
  }
}

/** Settles, and notes what is asked before and what is confirmed after. */
export async function settleNoted(
  subscription: Subscription,
  delivery: Delivery,
  settlement: Settlement,
  report: Pick<ReportFile, 'add' | 'flush'>,
): Promise<void> {
  const noted = {
    place: placeOf(delivery),
    token: tokenOf(delivery.body),
    outcome: settlement.outcome,
  }
  report.add({ kind: 'asked', ...noted })
  report.flush()
  try {
    await subscription.settle([settlement])
  } catch (error) {
    if (error instanceof BrokerError) return
    throw error
  }
  report.add({ kind: 'settled', ...noted })
  report.flush()
}
