import { setTimeout as sleep } from 'node:timers/promises'
import type { Broker } from '@hufu/broker'
import { ORDERED } from '../history/history.ts'
import type { ReportFile } from '../history/report-file.ts'
import { settleNoted } from './consuming.ts'
import type { Publisher } from './publishing.ts'
import { deliveredEvent, QUEUES } from './queues.ts'

/** So many refusals in a row, a pause apart, and the disk counts as full. */
const REFUSALS_TO_BE_FULL = 12
const PAUSE_MS = 10
/** So many publishes taken in a row, and the disk counts as free again. */
const TAKEN_TO_BE_FREE = 30

export interface Filling {
  broker: Broker
  publisher: Publisher
  report: ReportFile
}

/** Publishes and consumes nothing until the log is full, and stays so. */
export async function fill({ publisher }: Filling): Promise<void> {
  for (let refusals = 0; refusals < REFUSALS_TO_BE_FULL; ) {
    const codes = await Promise.all([publisher.publish(), publisher.publish()])
    refusals = codes.includes(undefined) ? 0 : refusals + 1
    demandOnly(codes, 'LOG_FULL')
    if (refusals > 0) await sleep(PAUSE_MS)
  }
}

/** Publishes until it is taken again. */
export async function publishAgain({ publisher }: Filling): Promise<void> {
  for (let taken = 0; taken < TAKEN_TO_BE_FREE; ) {
    const code = await publisher.publish()
    demandOnly([code], 'LOG_FULL')
    taken = code === undefined ? taken + 1 : 0
    if (taken === 0) await sleep(PAUSE_MS)
  }
}

/** Consumes all there is, as done. */
export async function drain({ broker, report }: Filling): Promise<void> {
  const subscriptions = Object.keys(QUEUES).map((queue) => {
    const subscription = broker.subscribe(queue, { keyOrder: queue === ORDERED }, (batch) => {
      const { time } = broker.stats()
      for (const delivery of batch) {
        report.add(deliveredEvent(delivery, time))
        void settleNoted(subscription, delivery, { id: delivery.id, outcome: 'done' }, report)
      }
    })
    return subscription
  })
  while (!isEmpty(broker)) await sleep(PAUSE_MS)
  for (const subscription of subscriptions) await subscription.close()
}

function isEmpty(broker: Broker): boolean {
  return broker.queues().every(({ ready, unsettled, delayed }) => ready + unsettled + delayed === 0)
}

function demandOnly(codes: readonly (string | undefined)[], allowed: string): void {
  for (const code of codes) {
    if (code !== undefined && code !== allowed)
      throw new Error(`Cannot publish: refused with ${code}`)
  }
}
