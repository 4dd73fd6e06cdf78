import { setTimeout as passed } from 'node:timers/promises'
import { treeResidentMiB } from '../process-usage.ts'
import { median, rounded } from '../statistics.ts'
import type { Child } from './child.ts'
import type { Contender } from './contender.ts'
import type { Fill } from './fill.ts'

const SETTLED_MS = 3_000
const WAITING_BYTES = 100

/** A server that can be killed and started again on its data. */
export interface Startable {
  readonly url: string
  readonly pid: number
  kill(): Promise<void>
  restart(): Promise<void>
}

/** From the start of its process to its first answer, on data that are there, ms. */
export async function startMs(server: Startable, rounds: number): Promise<number> {
  const times: number[] = []
  for (let n = 0; n < rounds; n++) {
    await server.kill()
    const started = performance.now()
    await server.restart()
    times.push(performance.now() - started)
  }
  return rounded(median(times), 0)
}

export interface Memory {
  /** Resident, MiB: before any client came, and with the messages waiting. */
  readonly idleMiB: number
  readonly waitingMiB: number
  readonly fillSeconds: number
}

/** Of a server that has just been started. */
export async function memoryOf(
  server: Startable,
  { queueArguments }: Contender,
  messages: number,
  driver: Child,
): Promise<Memory> {
  await passed(SETTLED_MS)
  const idleMiB = treeResidentMiB(server.pid)
  const fill: Fill = { url: server.url, queueArguments, messages, bytes: WAITING_BYTES }
  const { seconds } = await driver.ask<{ seconds: number }>(fill)
  await passed(SETTLED_MS)
  const waitingMiB = treeResidentMiB(server.pid)
  return { idleMiB, waitingMiB, fillSeconds: rounded(seconds, 1) }
}
