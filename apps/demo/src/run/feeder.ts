import type { Line } from '../input/line-splitter.ts'
import { comingLines } from '../input/spool.ts'
import type { Position } from '../services/intake-table.ts'
import { Pace } from './pace.ts'

/** Lines whose outcome is not yet on disk. */
const IN_FLIGHT_MAX = 64

interface Taker {
  resume(): Promise<Position>
  take(line: Line): Promise<void>
}

/** Takes in the input from where the order's database says, at its pace. */
export class Feeder {
  readonly pace: Pace
  /** It has read all there is and waits for more input. */
  hungry = false
  /** All input is taken in. */
  fed = false
  #stopping = false
  #running: Promise<void> | undefined

  constructor(rate: number) {
    this.pace = new Pace(rate)
  }

  start(dir: string, intake: Taker, onError: (error: unknown) => void): void {
    this.#running = this.#run(dir, intake)
    this.#running.catch(onError)
  }

  /** Resolves when what was begun is on disk. */
  async stop(): Promise<void> {
    this.#stopping = true
    await this.#running
  }

  async #run(dir: string, intake: Taker): Promise<void> {
    const inFlight = new Set<Promise<void>>()
    const lines = comingLines(dir, await intake.resume(), (waits) => {
      this.hungry = waits
    })
    for await (const line of lines) {
      await this.pace.next()
      if (inFlight.size >= IN_FLIGHT_MAX) await Promise.race(inFlight)
      if (this.#stopping) break
      const taking = intake.take(line).finally(() => inFlight.delete(taking))
      inFlight.add(taking)
    }
    await Promise.all(inFlight)
    this.fed = !this.#stopping
  }
}
