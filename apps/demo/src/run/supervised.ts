import { setTimeout as sleep } from 'node:timers/promises'
import type { Command, Report } from './messages.ts'

const REPORT_MS = 50

/** What a process of the run does; its supervisor says when. */
export interface Supervised {
  /** Resolves once it is at work. */
  start(): Promise<void>
  report(): Report
  hear(command: Exclude<Command, 'stop'>): void
  /** Ends in order. */
  stop(): Promise<void>
}

/** Runs `part` until the supervisor says `stop`; ends this process when the supervisor ends. */
export function obey(part: Supervised): void {
  let stopping = false
  // Ctrl-C in a terminal reaches the whole group: the supervisor decides.
  process.on('SIGINT', () => {})
  process.on('disconnect', () => process.exit(stopping ? 0 : 1))
  process.on('message', (command: Command) => {
    if (command === 'stop') stopping = true
    else part.hear(command)
  })
  const live = async () => {
    await part.start()
    while (!stopping) {
      process.send?.(part.report())
      await sleep(REPORT_MS)
    }
    await part.stop()
    process.disconnect?.()
  }
  live().catch(die)
}

export function die(error: unknown): never {
  console.error(error)
  process.exit(1)
}
