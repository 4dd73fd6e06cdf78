import { setTimeout as sleep } from 'node:timers/promises'
import { type Broker, createBroker } from '@hufu/broker'
import { type History, ORDERED } from '../history/history.ts'
import { ReportFile } from '../history/report-file.ts'
import { tokenOf } from '../worker/body.ts'
import { settleNoted } from '../worker/consuming.ts'
import { declareAll, deliveredEvent, LIMITS, placeOf, QUEUES } from '../worker/queues.ts'

type Report = Pick<ReportFile, 'add' | 'flush'>

const DRAIN_MS_MAX = 60_000
const POLL_MS = 3

/** Queues that are not drained for ever. */
export class StuckError extends Error {}

/** Opens the folder twice, drains it to the last message, and sees that it is empty ever after. */
export async function finalLife(dir: string, history: History, reportPath: string): Promise<void> {
  const file = new ReportFile(reportPath)
  const report: Report = {
    add(event) {
      history.add(event)
      file.add(event)
    },
    flush: () => file.flush(),
  }
  await (await opened(dir)).close()
  const broker = await opened(dir)
  await declareAll(broker)
  await drainAll(broker, report)
  await takeParked(broker, report)
  report.flush()
  await broker.close()
  const last = await opened(dir)
  const left = last.queues().filter(({ ready, delayed, parked }) => ready + delayed + parked > 0)
  await last.close()
  for (const { name } of left) history.findings.resurrected.push(`something in ${name}, drained`)
}

async function opened(dir: string): Promise<Broker> {
  const onFatal = (error: Error) => {
    throw error
  }
  const warnings: string[] = []
  const onWarning = (text: string) => void warnings.push(text)
  const broker = await createBroker({ dir, limits: LIMITS, onFatal, onWarning })
  if (warnings.length > 0) throw new Error(`Opening ${dir}: it warned: ${warnings.join('; ')}`)
  return broker
}

async function drainAll(broker: Broker, report: Report): Promise<void> {
  for (const queue of Object.keys(QUEUES)) {
    const subscription = broker.subscribe(queue, { keyOrder: queue === ORDERED }, (batch) => {
      const { time } = broker.stats()
      for (const delivery of batch) {
        report.add(deliveredEvent(delivery, time))
        void settleNoted(subscription, delivery, { id: delivery.id, outcome: 'done' }, report)
      }
    })
  }
  const until = performance.now() + DRAIN_MS_MAX
  while (isBusy(broker)) {
    if (performance.now() > until) throw new StuckError(`Draining: not done in ${DRAIN_MS_MAX} ms`)
    await sleep(POLL_MS)
  }
}

function isBusy(broker: Broker): boolean {
  return broker.queues().some(({ ready, unsettled, delayed }) => ready + unsettled + delayed > 0)
}

/** Parked messages are not delivered; a person finds them. */
async function takeParked(broker: Broker, report: Report): Promise<void> {
  for (const queue of Object.keys(QUEUES)) {
    for (const parked of await broker.peek(queue, { limit: 1_000 })) {
      report.add({ ...deliveredEvent(parked, parked.time), kind: 'found' })
      const noted = { place: placeOf(parked), token: tokenOf(parked.body), outcome: 'done' }
      if (await broker.resolve(queue, parked.id, 'remove')) {
        report.add({ kind: 'settled', ...noted })
      }
    }
  }
}
