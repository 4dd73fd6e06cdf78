import { setTimeout as sleep } from 'node:timers/promises'
import { createBroker } from '@hufu/broker'
import { EVENT, GROUP, SHOP } from './files.ts'

/** So long nobody is there who could answer, ms; many times the time between two askings. */
const QUIET_MS = 400

const QUEUE = `${EVENT}/${GROUP}`

export interface Quiet {
  /** Undecided transactions that were due and whose askings were watched. */
  readonly watched: number
  /** What was used up or decided though no producer was there. */
  readonly problems: readonly string[]
}

/**
 * Opens the broker without any producer, for a time. What is undecided stays so, and not one of
 * its askings is used up.
 */
export async function quietTime(folder: string, life: number): Promise<Quiet> {
  const broker = await createBroker({ dir: folder })
  try {
    if (!broker.queues().some(({ name }) => name === QUEUE)) return { watched: 0, problems: [] }
    // One that is surely due, also where the last life left nothing.
    const messages = [{ queues: [QUEUE], body: Buffer.from('{}') }]
    const check = { firstMs: 10, everyMs: 10 }
    const transactionId = `${SHOP} quiet ${life}`
    const handle = await broker.prepare({ transactionId, group: SHOP, messages, check })
    const before = broker.prepared({ limit: 1_000 })
    await sleep(QUIET_MS)
    const after = new Map(broker.prepared({ limit: 1_000 }).map((each) => [each.version, each]))
    await broker.decide(handle, 'rollback')
    const problems = before.flatMap(({ transactionId, version, checks }) => {
      const found = after.get(version)
      if (found?.checks === checks) return []
      const now = found === undefined ? 'decided' : `asked ${found.checks} times`
      return [`${transactionId} was asked ${checks} times, and with nobody there is ${now}`]
    })
    return { watched: before.length, problems }
  } finally {
    await broker.close()
  }
}
