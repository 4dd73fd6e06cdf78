import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Broker, createBroker } from '@hufu/broker'
import type { Bench } from '../bench.ts'
import { numberFlag, readFlags } from '../flags.ts'
import { rounded } from '../statistics.ts'
import {
  callers,
  type Done,
  type Load,
  publishNumbered,
  publishRecycling,
  settleAll,
} from './load.ts'
import { rawWritesPerSecond } from './raw.ts'

interface LogCase {
  readonly name: string
  readonly sizes: readonly number[]
  readonly windows: readonly number[]
  run(broker: Broker, load: Load): Promise<Done>
}

const SIZES = [100, 1024]
const BATCH_MESSAGES = 100
/** Of each case; the one with the median ratio is shown. */
const ROUNDS = 3
const queues = ['q']

const CASES: readonly LogCase[] = [
  {
    name: 'publishBatch',
    sizes: SIZES,
    windows: [1, 10, 100, 1_000, 10_000],
    run: publishRecycling,
  },
  {
    name: 'publishBatch, nobody consumes',
    sizes: SIZES,
    windows: [1_000],
    run: publishNumbered,
  },
  {
    name: 'publish',
    sizes: SIZES,
    windows: [1, 100, 1_000],
    run: (broker, load) => {
      const body = Buffer.alloc(load.bytes, 1)
      return callers(load, () => broker.publish({ queues, body }))
    },
  },
  { name: 'consume and settle', sizes: SIZES, windows: [1_000], run: settleAll },
  {
    name: 'delayed',
    sizes: [100],
    windows: [1_000],
    run: (broker, load) => {
      const body = Buffer.alloc(load.bytes, 1)
      return callers(load, () => broker.publish({ queues, body, delayMs: 3_600_000 }))
    },
  },
  {
    name: 'keyed',
    sizes: [100],
    windows: [1_000],
    run: (broker, load) => {
      const body = Buffer.alloc(load.bytes, 1)
      return callers(load, (n) => broker.publish({ queues, body, key: `key ${n % 10_000}` }))
    },
  },
  {
    name: 'batch of 100',
    sizes: [100],
    windows: [10],
    run: (broker, load) => {
      const body = Buffer.alloc(load.bytes, 1)
      const operation = async () => {
        const batch = broker.batch()
        for (let i = 0; i < BATCH_MESSAGES; i++) void batch.publish({ queues, body })
        await batch.commit()
      }
      return callers(load, operation, BATCH_MESSAGES)
    },
  },
  {
    name: 'half message and commit',
    sizes: [100],
    windows: [1, 1_000],
    run: (broker, load) => {
      const messages = [{ queues, body: Buffer.alloc(load.bytes, 1) }]
      return callers(load, async () => {
        const handle = await broker.prepare({ transactionId: randomUUID(), group: 'g', messages })
        await broker.decide(handle, 'commit')
      })
    },
  },
]

export const logBench: Bench = {
  about: 'Durable operations of the broker in this process, beside a raw loop of the same writes.',
  flags: '[--seconds 1] [--case NAME] [--dir FOLDER]',
  async run(args, say) {
    const flags = readFlags(args, ['seconds', 'case', 'dir'])
    const seconds = numberFlag(flags.seconds, 'seconds', 1, 0.1, 600)
    const parent = flags.dir ?? tmpdir()
    const cases = []
    for (const wanted of CASES) {
      if (flags.case !== undefined && wanted.name !== flags.case) continue
      for (const bytes of wanted.sizes) {
        for (const inFlight of wanted.windows) {
          const measured = await measure(wanted, { bytes, inFlight, seconds }, parent)
          cases.push(measured)
          say(line(measured))
        }
      }
    }
    return { cases }
  },
}

async function measure(wanted: LogCase, load: Load, parent: string) {
  const dir = mkdtempSync(join(parent, 'hufu-bench-'))
  // A segment of full size from the begin: laying out small ones is not what is measured.
  const limits = { segmentBytesMin: 64 << 20, pendingBytesMax: 512 << 20, delayedMax: 1e8 }
  const broker = await createBroker({ dir: join(dir, 'broker'), limits })
  try {
    await broker.declareQueue('q', { maxMessages: 1e9, maxBytes: 2 ** 50 })
    // Once untimed: code is compiled, and the log has the files that it recycles.
    await wanted.run(broker, load)
    const rounds: Round[] = []
    for (let n = 0; n < ROUNDS; n++) rounds.push(await round(broker, wanted, load, dir))
    rounds.sort((a, b) => a.ratio - b.ratio)
    const { ratio, ...median } = rounds[ROUNDS >> 1]!
    return {
      name: wanted.name,
      bytes: load.bytes,
      inFlight: load.inFlight,
      ...median,
      ratio: rounded(ratio, 2),
    }
  } finally {
    await broker.close()
    rmSync(dir, { recursive: true })
  }
}

interface Round {
  perSecond: number
  rawPerSecond: number
  ratio: number
  syncsPerSecond: number
  groupsPerSecond: number
  groupBytes: number
}

/** The case, then the raw loop with writes of the same size. */
async function round(broker: Broker, wanted: LogCase, load: Load, dir: string): Promise<Round> {
  const before = broker.stats()
  const done = await wanted.run(broker, load)
  const after = broker.stats()
  const groups = after.groups - before.groups
  const groupBytes = Math.max(64, Math.round((after.position - before.position) / groups))
  const rawWrites = await rawWritesPerSecond(dir, groupBytes, load.seconds)
  const perSecond = done.count / done.seconds
  const rawPerSecond = (rawWrites * done.count) / groups
  return {
    perSecond: Math.round(perSecond),
    rawPerSecond: Math.round(rawPerSecond),
    ratio: perSecond / rawPerSecond,
    syncsPerSecond: Math.round(rawWrites),
    groupsPerSecond: Math.round(groups / done.seconds),
    groupBytes,
  }
}

function line(measured: Awaited<ReturnType<typeof measure>>): string {
  const { name, bytes, inFlight, perSecond, ratio, syncsPerSecond, groupBytes } = measured
  const what = `${name}, ${bytes} B, ${inFlight} in flight`.padEnd(48)
  const rate = `${perSecond}/s`.padStart(12)
  return `${what}${rate}  ${ratio} of raw (${syncsPerSecond} syncs/s of ${groupBytes} B)`
}
