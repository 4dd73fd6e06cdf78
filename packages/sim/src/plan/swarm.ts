import type { SeededRandom } from '@hufu/os/simulated'
import { TARGETS } from '../direct/queues.ts'
import type { ServiceSetting } from './step.ts'

/**
 * Which features and faults a world has, and how much of each. Every seed draws its own subset:
 * worlds with a little of everything hide what happens only when one thing is missing, or rules.
 */
export interface Swarm {
  readonly lives: number
  readonly rounds: number
  readonly burst: number
  readonly passMs: number
  readonly queues: readonly string[]
  readonly keys: number
  readonly keyed: number
  readonly fanOut: number
  readonly delayed: number
  readonly large: number
  readonly retry: number
  readonly later: number
  readonly requeue: number
  readonly reject: number
  readonly keep: number
  readonly resolve: number
  readonly batches: number
  /** Batches of publishers that confirm by number. */
  readonly numbered: number
  readonly backups: number
  readonly pulls: number
  readonly purges: number
  /** Share of the messages that have a time to live. */
  readonly expiring: number
  /** Share of the messages that have a priority. */
  readonly urgent: number
  /** Puts of records. */
  readonly puts: number
  /** Changes of a queue's options. */
  readonly changes: number
  readonly halves: number
  /** Messages published to the broker, past the library. */
  readonly direct: boolean
  /** Undefined: no services. */
  readonly services: ServiceSetting | undefined
  /** Segments are filled quickly, with a few messages that stay. */
  readonly churn: boolean
  /** Lives that end in their first write. */
  readonly tornStart: number
  /** Lives in which the clock is set back behind a kill. */
  readonly setBack: number
  readonly refusals: number
  /** Business transactions of one round, and the share of them that goes as half messages. */
  readonly orders: number
  readonly halfOrders: number
  /** Rounds with several orders of one key at once. */
  readonly keyBursts: number
  readonly slowDisk: boolean
  readonly faults: {
    readonly close: number
    readonly death: number
    readonly diskError: number
    readonly capacity: number
    readonly dropCache: number
    readonly jump: number
  }
}

export function swarmOf(random: SeededRandom): Swarm {
  /** Off in some worlds, else up to `most`. */
  const some = (chance: number, most: number) => (random.chance(chance) ? random.next() * most : 0)
  const services = random.chance(0.3) ? servicesOf(random, some) : undefined
  const queues = TARGETS.filter(() => random.chance(0.5))
  return {
    lives: 1 + random.below(4),
    rounds: 2 + random.below(10),
    burst: 2 + random.below(8),
    passMs: 1 + random.below(25),
    queues: queues.length > 0 ? queues : ['patient'],
    keys: 1 + random.below(4),
    keyed: random.chance(0.6) ? 0.2 + random.next() : 0,
    fanOut: some(0.5, 0.5),
    delayed: some(0.5, 0.6),
    large: some(0.6, 1),
    retry: some(0.6, 0.4),
    later: some(0.4, 0.3),
    requeue: some(0.3, 0.3),
    reject: some(0.4, 0.3),
    keep: some(0.5, 0.3),
    resolve: some(0.3, 0.3),
    batches: some(0.3, 0.5),
    numbered: some(0.3, 0.4),
    backups: some(0.25, 0.4),
    pulls: some(0.3, 0.6),
    purges: some(0.3, 0.3),
    expiring: some(0.3, 0.5),
    urgent: some(0.4, 1),
    puts: some(0.3, 0.6),
    changes: some(0.3, 0.5),
    halves: some(0.35, 0.6),
    direct: services === undefined || random.chance(0.3),
    churn: random.chance(0.12),
    tornStart: some(0.15, 1),
    setBack: some(0.1, 0.5),
    refusals: some(0.6, 0.6),
    services,
    orders: 1 + random.below(4),
    halfOrders: some(0.5, 1),
    keyBursts: some(0.6, 0.5),
    slowDisk: random.chance(0.15),
    faults: {
      close: some(0.6, 0.5),
      death: some(0.7, 1),
      diskError: some(0.3, 0.3),
      capacity: some(0.15, 0.2),
      dropCache: some(0.3, 0.1),
      jump: some(0.3, 0.3),
    },
  }
}

function servicesOf(
  random: SeededRandom,
  some: (chance: number, most: number) => number,
): ServiceSetting {
  const parkKey = random.chance(0.5)
  return {
    shops: random.chance(0.3) ? 2 : 1,
    parkKey,
    concurrency: 1 + random.below(8),
    receiptTimeoutMs: 300 + random.below(2_000),
    slow: some(0.5, 0.5),
    slowMs: 1 + random.below(80),
    throws: some(0.5, 0.3),
    later: some(0.3, 0.2),
    // A parked key shows only where something is parked.
    stubborn: some(parkKey ? 0.8 : 0.4, parkKey ? 0.4 : 0.2),
    fails: some(0.4, 0.3),
  }
}
