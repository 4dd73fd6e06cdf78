import type { Case, WorldOptions } from './world.ts'
import { openWorld } from './world.ts'

export interface Load {
  /** Callers, each placing one order after the other. */
  readonly callers: number
  readonly seconds: number
}

export interface Measured {
  readonly orders: number
  /** From the first call until the last message is sent and answered. */
  readonly seconds: number
  /** Processor time of this process, all threads, µs. */
  readonly cpuUs: number
  readonly brokerGroups: number
}

/** Closed loop: as many orders as go, until the time is over and all of them are settled. */
export async function saturate(
  kind: Case,
  load: Load,
  options: WorldOptions,
  onStart: () => void = () => {},
): Promise<Measured> {
  const world = await openWorld(kind, options)
  try {
    onStart()
    const groups = world.brokerGroups()
    const cpu = process.cpuUsage()
    const started = performance.now()
    const orders = await callAll(load, (n) => world.place(n))
    await world.settled()
    const seconds = (performance.now() - started) / 1_000
    const { user, system } = process.cpuUsage(cpu)
    return { orders, seconds, cpuUs: user + system, brokerGroups: world.brokerGroups() - groups }
  } finally {
    await world.close()
  }
}

async function callAll(load: Load, place: (n: number) => Promise<void>): Promise<number> {
  const end = performance.now() + load.seconds * 1_000
  let placed = 0
  const caller = async () => {
    while (performance.now() < end) await place(++placed)
  }
  await Promise.all(Array.from({ length: load.callers }, caller))
  return placed
}
