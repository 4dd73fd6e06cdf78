import { setTimeout as sleep } from 'node:timers/promises'
import type { Broker } from '@hufu/broker'
import { BrokerError } from '@hufu/broker'
import type { SeededRandom } from '@hufu/os/simulated'
import { ORDERED } from '../history/history.ts'
import type { ReportFile } from '../history/report-file.ts'
import { bodyFor, digestOf } from './body.ts'
import { TARGETS } from './queues.ts'

/** Publishes whose outcome is not known yet. */
const IN_FLIGHT_MAX = 80
const BURST_MAX = 12
const PAUSE_MS_MAX = 4
const DELAY_MS_MAX = 300
const BODY_BYTES_MAX = 60 * 1024
/** Refusals that say that nothing was stored. */
const REFUSALS = ['LOG_FULL', 'QUEUE_FULL', 'BUSY', 'LIMIT', 'CLOSED']

export interface Publishing {
  broker: Broker
  random: SeededRandom
  report: ReportFile
  /** Starts every token of this life. */
  prefix: string
}

/** Publishes messages of all kinds and notes what became of each. */
export class Publisher {
  readonly #with: Publishing
  #count = 0
  #inFlight = 0

  constructor(publishing: Publishing) {
    this.#with = publishing
  }

  /** Bursts without end. */
  async run(): Promise<never> {
    const { random } = this.#with
    while (true) {
      const burst = Math.min(1 + random.below(BURST_MAX), IN_FLIGHT_MAX - this.#inFlight)
      for (let i = 0; i < burst; i++) void this.publish()
      await sleep(random.next() * PAUSE_MS_MAX)
    }
  }

  /** Publishes one message; resolves with the code of its refusal, or undefined. */
  publish(): Promise<string | undefined> {
    const { random, report, broker, prefix } = this.#with
    const token = `${prefix}-${this.#count++}`
    const queues = this.#queues()
    const key = random.chance(0.4) ? `k${random.below(4)}` : ''
    // Due at another time, so not in the order of the key.
    const delayMs = key === '' && random.chance(0.25) ? random.below(DELAY_MS_MAX) : 0
    const body = bodyFor(token, this.#bytes())
    const dueAt = delayMs > 0 ? broker.stats().time + delayMs : 0
    report.add({ kind: 'sent', token, queues, digest: digestOf(body), dueAt, key })
    report.flush()
    const request = { queues, body, delayMs, ...(key !== '' && { key }) }
    this.#inFlight++
    return broker.publish(request).then(
      () => this.#confirmed(token),
      (error) => this.#refused(token, error),
    )
  }

  #confirmed(token: string): undefined {
    this.#inFlight--
    this.#with.report.add({ kind: 'confirmed', token })
    this.#with.report.flush()
  }

  #refused(token: string, error: unknown): string {
    this.#inFlight--
    if (!(error instanceof BrokerError)) throw error
    const { code } = error
    if (REFUSALS.includes(code)) {
      this.#with.report.add({ kind: 'refused', token, code })
      this.#with.report.flush()
    }
    return code
  }

  #queues(): string[] {
    const { random } = this.#with
    if (random.chance(0.3)) return TARGETS.filter((name) => name === ORDERED || random.chance(0.5))
    return [TARGETS[random.below(TARGETS.length)]!]
  }

  /** Mostly small, now and then as large as half a segment. */
  #bytes(): number {
    const { random } = this.#with
    const most = random.chance(0.7) ? 400 : random.chance(0.8) ? 6_000 : BODY_BYTES_MAX
    return 24 + random.below(most - 24)
  }
}
