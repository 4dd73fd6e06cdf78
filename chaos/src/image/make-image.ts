import { setImmediate as turn } from 'node:timers/promises'
import type { Broker, Delivery, Settlement, Subscription } from '@hufu/broker'
import { createBroker } from '@hufu/broker'
import { SeededRandom } from '@hufu/os/simulated'
import { bodyFor } from '../worker/body.ts'
import { QUEUES, TARGETS } from '../worker/queues.ts'
import { type LogMap, readLog } from './log-map.ts'
import { type Files, MemoryDisk, timelessOs } from './memory-disk.ts'

const DIR = '/broker'
/** Queues in the order of their numbers, from 1. */
export const NAMES: readonly string[] = Object.keys(QUEUES)

/** A folder as a killed or stopped broker left it, and what is known of it. */
export interface Image {
  readonly files: Files
  readonly log: LogMap
  /** Of every message, by token. */
  readonly bodies: ReadonlyMap<string, Uint8Array>
  /** What was delivered at least once, as `queue number / id`. */
  readonly delivered: ReadonlySet<string>
  readonly segmentBytes: number
}

const SEGMENT_BYTES_MIN = 4_096
const BODY_BYTES_MAX = 700
/** In a burst at most, as a part of a life. */
const BURST_SHARE = 0.5
/** Writes for one life, as a part of the whole log. */
const LIFE_SHARE = 0.23
const NEVER = 2 ** 50

/** The limits with which an image is written and opened: some segments, no later checkpoint. */
function limitsOf(segmentBytes: number, checkpointBytes = NEVER) {
  return {
    segmentBytesMin: segmentBytes,
    segmentBytesMax: segmentBytes,
    checkpointBytes,
    cacheBytes: 1,
  }
}

/** Several lives of a broker, until the log has about `bytes`; the last one ends as told. */
export async function makeImage(
  bytes: number,
  seed: number,
  ending: 'killed' | 'stopped',
): Promise<Image> {
  const segmentBytes = Math.max(SEGMENT_BYTES_MIN, 2 ** Math.floor(Math.log2(bytes / 4)))
  const bodies = new Map<string, Uint8Array>([['', bodyFor('', BODY_BYTES_MAX)]])
  const delivered = new Set<string>()
  const random = new SeededRandom(seed)
  let files = await declared(segmentBytes)
  const start = readLog(files).end
  let lives = 0
  for (let written = 0; written < bytes; ) {
    const disk = new MemoryDisk(files)
    const broker = await openImage(disk, segmentBytes)
    const bytesMax = Math.min(bytes - written, bytes * LIFE_SHARE)
    await new Life(broker, random, { bodies, delivered }, `${lives++}`).run(bytesMax)
    written = readLog(disk.files()).end - start
    // Where it would write a checkpoint, nothing of the log would be read at a start.
    disk.full = (path) => path.includes('checkpoint')
    if (ending === 'stopped' && written >= bytes) await broker.close()
    files = disk.files()
  }
  return { files, log: readLog(files), bodies, delivered, segmentBytes }
}

export function openImage(
  disk: MemoryDisk,
  segmentBytes: number,
  checkpointBytes?: number,
): Promise<Broker> {
  const limits = limitsOf(segmentBytes, checkpointBytes)
  const onWarning = () => undefined
  return createBroker({ dir: DIR, os: timelessOs(disk), limits, onWarning })
}

/** All queues, in a checkpoint: no damage to the log can lose one as a whole. */
async function declared(segmentBytes: number): Promise<Files> {
  const disk = new MemoryDisk(new Map())
  const broker = await openImage(disk, segmentBytes, 1)
  for (const name of NAMES) await broker.declareQueue(name, QUEUES[name])
  const { end } = readLog(disk.files())
  while (readLog(disk.files()).checkpoint < end) {
    const id = await broker.publish({ queues: ['work'], body: bodyFor('', BODY_BYTES_MAX) })
    await broker.resolve('work', id, 'remove')
    for (let turns = 0; turns < 20; turns++) await turn()
  }
  await broker.close()
  return disk.files()
}

interface Known {
  bodies: Map<string, Uint8Array>
  delivered: Set<string>
}

/** Publishes and settles in bursts, without time: what is put off stays so. */
class Life {
  readonly #broker: Broker
  readonly #random: SeededRandom
  readonly #known: Known
  readonly #prefix: string
  readonly #settles: Promise<void>[] = []
  #count = 0

  constructor(broker: Broker, random: SeededRandom, known: Known, prefix: string) {
    this.#broker = broker
    this.#random = random
    this.#known = known
    this.#prefix = prefix
  }

  /** Until the log has grown by so many bytes; then everything is on disk. */
  async run(bytesMax: number): Promise<void> {
    for (const name of NAMES) {
      const subscription = this.#broker.subscribe(name, { credit: 20 }, (batch) => {
        for (const delivery of batch) this.#settle(subscription, delivery)
      })
    }
    for (let bytes = 0; bytes < bytesMax; ) {
      bytes += await this.#burst(bytesMax * BURST_SHARE)
      for (let turns = 0; turns < 6; turns++) await turn()
    }
    while (this.#settles.length > 0) await this.#settles.pop()
    for (let turns = 0; turns < 50; turns++) await turn()
  }

  async #burst(bytesMax: number): Promise<number> {
    let bytes = 0
    const publishes: Promise<number>[] = []
    while (bytes < bytesMax && (bytes === 0 || this.#random.chance(0.85))) {
      const token = `${this.#prefix}-${this.#count++}`
      const body = bodyFor(token, this.#random.below(Math.min(BODY_BYTES_MAX, bytesMax / 4)))
      this.#known.bodies.set(token, body)
      const queues = TARGETS.filter(() => this.#random.chance(0.35))
      if (queues.length === 0) queues.push('work')
      const delayMs = this.#random.chance(0.1) ? 1_000 : 0
      publishes.push(this.#broker.publish({ queues, body, delayMs }))
      bytes += body.length + 60
    }
    await Promise.all(publishes)
    return bytes
  }

  #settle(subscription: Subscription, delivery: Delivery): void {
    this.#known.delivered.add(`${NAMES.indexOf(delivery.queue) + 1}/${delivery.id}`)
    const settlement = this.#settlement(delivery)
    if (settlement !== undefined) this.#settles.push(subscription.settle([settlement]))
  }

  /** What the consumer says; undefined: it keeps the message. */
  #settlement({ id }: Delivery): Settlement | undefined {
    const choice = this.#random.next()
    if (choice < 0.6) return { id, outcome: 'done' }
    if (choice < 0.77) return { id, outcome: 'retry', cause: 'chance' }
    if (choice < 0.94) return { id, outcome: 'reject', cause: 'bad luck' }
    return undefined
  }
}
