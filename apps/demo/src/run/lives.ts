import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Crew, ProcessOptions } from './crew.ts'
import type { DemoProcess } from './demo-process.ts'
import type { ProcessName } from './process-names.ts'
import { RunFailedError } from './run-failed.ts'

/** Processes that were told to stop have so long, ms. */
const STOP_MS = 30_000

const POLL_MS = 10

/** The present life of each process. */
export class Lives {
  readonly #crew: Crew
  readonly #dir: string
  readonly #byName = new Map<ProcessName, DemoProcess>()

  constructor(crew: Crew, dir: string) {
    this.#crew = crew
    this.#dir = dir
  }

  get all(): readonly DemoProcess[] {
    return [...this.#byName.values()]
  }

  of(name: ProcessName): DemoProcess {
    return this.#byName.get(name)!
  }

  /** The process that takes in the orders; undefined before its first start. */
  get taker(): DemoProcess | undefined {
    return this.#byName.get(this.#crew.taker)
  }

  get allReady(): boolean {
    return this.all.every(({ ready }) => ready)
  }

  /** Starts it for the first time, or again. Who it is by then stands in `processes.json`. */
  start(name: ProcessName, options: ProcessOptions): void {
    this.#byName.set(name, this.#crew.start(name, options))
    const pids = Object.fromEntries(this.all.map((life) => [life.name, life.pid]))
    writeFileSync(join(this.#dir, 'processes.json'), `${JSON.stringify(pids)}\n`)
  }

  /** Throws when one of them has ended. */
  mustLive(): void {
    for (const life of this.all) if (life.end !== undefined) throw died(life)
  }

  /** Ends all in order, the broker last, so that the services can. Throws when one does not. */
  async stop(signal: AbortSignal): Promise<void> {
    await end(
      this.all.filter(({ name }) => name !== 'broker'),
      signal,
    )
    await end(
      this.all.filter(({ name }) => name === 'broker'),
      signal,
    )
  }

  /** `kill -9`; resolves when no process is left. */
  async killAll(): Promise<void> {
    await Promise.all(this.all.map((life) => life.kill()))
  }
}

async function end(lives: readonly DemoProcess[], signal: AbortSignal): Promise<void> {
  const until = performance.now() + STOP_MS
  for (const life of lives) life.stop()
  for (const life of lives) {
    while (life.end === undefined) {
      signal.throwIfAborted()
      if (performance.now() > until) throw tooLate(life)
      await sleep(POLL_MS)
    }
    if (life.end !== 'exit code 0') throw died(life)
  }
}

/** A process that ended and should not have. */
export function died(life: DemoProcess): RunFailedError {
  const text = `Running the ${life.name}: it ended by itself, ${life.end}`
  return new RunFailedError(`${text}\n${life.tail()}`.trim())
}

function tooLate({ name }: DemoProcess): RunFailedError {
  return new RunFailedError(`Stopping the ${name}: it did not end within ${STOP_MS / 1_000} s`)
}
