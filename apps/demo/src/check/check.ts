import { existsSync } from 'node:fs'
import { createBroker } from '@hufu/broker'
import { brokerPath, openAll } from '../services/databases.ts'
import { checkAsked } from './check-asked.ts'
import { checkEffects } from './check-effects.ts'
import { checkIntake } from './check-intake.ts'
import { checkPoints } from './check-points.ts'
import { checkReceipts } from './check-receipts.ts'
import { Findings } from './findings.ts'

/**
 * The verdict over a folder in which nothing runs any more. It rests on the four databases, the
 * broker's files and the input, on nothing else. Of a run that broke off (`finished` false) only
 * the lines are looked at that it came to.
 */
export async function check(dir: string, finished = true): Promise<Findings> {
  const found = new Findings()
  await lookIntoBroker(dir, found)
  const db = openAll(dir)
  try {
    await checkIntake(dir, db, found, finished)
    checkEffects(db, found)
    checkPoints(db, found)
    checkReceipts(db, found)
    checkAsked(db, found)
  } finally {
    db.close()
  }
  return found
}

/** A broker that was given has no folder here. */
async function lookIntoBroker(dir: string, found: Findings): Promise<void> {
  if (!existsSync(brokerPath(dir))) return
  const broker = await createBroker({ dir: brokerPath(dir) })
  try {
    for (const { name, ready, unsettled, delayed, parked } of broker.queues()) {
      found.held += ready + unsettled + delayed
      found.parked += parked
      if (parked > 0) found.add('wrong', `the broker parked ${parked} messages of ${name}`, 0)
    }
    for (const { transactionId } of broker.prepared()) {
      found.add('wrong', `the broker has no second word for ${transactionId}`)
    }
    for (const { segment, position, bytes } of broker.report.damaged) {
      found.add('wrong', `the broker's ${segment} is damaged at ${position}, ${bytes} bytes`)
    }
  } finally {
    await broker.close()
  }
}
