import { nodeOs, type Os } from '@hufu/os'
import type { Call, Report } from '../verb.ts'
import { UsageError } from '../verb.ts'
import { createLog, type Log } from './log.ts'
import { ReadyFile } from './ready-file.ts'
import { Server } from './server.ts'
import { readSettings, type Settings } from './settings.ts'
import { StopSignals } from './stop-signals.ts'

/** Runs the server until a signal stops it. */
export function run({ options, say }: Call): Promise<Report> {
  return serve(readSettings(options, process.env), nodeOs, say)
}

export async function serve(
  settings: Settings,
  os: Os,
  say: (line: string) => void,
): Promise<Report> {
  // Messages and hashes of passwords are nobody else's.
  process.umask(0o077)
  const log = createLog(settings.log, os.clock, say)
  const ready = new ReadyFile(settings.readyFile)
  ready.remove()
  const endNow = (event: string, fields: Record<string, unknown>) => {
    log.error(event, fields)
    ready.remove()
    process.exit(1)
  }
  const signals = new StopSignals(os.clock, (signal) => endNow('ended at once', { signal }))
  const uncaught = (error: Error & { code?: string }) =>
    endNow('failed', { error: error.message, code: error.code, stack: error.stack })
  process.on('uncaughtException', uncaught)
  try {
    return await live({ settings, os, log, ready, signals, onFatal: uncaught })
  } finally {
    ready.remove()
    signals.close()
    process.off('uncaughtException', uncaught)
  }
}

interface Life {
  readonly settings: Settings
  readonly os: Os
  readonly log: Log
  readonly ready: ReadyFile
  readonly signals: StopSignals
  readonly onFatal: (error: Error) => void
}

async function live(life: Life): Promise<Report> {
  const { settings, os, log, onFatal } = life
  log.info('starting', { pid: process.pid, data: settings.data })
  try {
    const server = await Server.open({ settings, os, log, onFatal })
    try {
      if (!life.signals.came) await serveUntilStopped(server, life)
    } finally {
      await server.stop()
    }
  } catch (error) {
    return failure(log, error)
  }
  log.info('stopped')
  return { holds: true, text: 'Stopped in order', json: { stopped: true } }
}

async function serveUntilStopped(server: Server, life: Life): Promise<void> {
  const { log, ready, signals } = life
  const listening = await server.start()
  ready.write({ pid: process.pid, ...listening })
  log.info('ready')
  const signal = await signals.first
  log.info('stopping', { signal })
  ready.remove()
}

function failure(log: Log, error: unknown): Report {
  if (error instanceof UsageError) throw error
  const { message, code } = error as Error & { code?: string }
  log.error('failed', { error: message, code })
  return { holds: false, text: message, json: { stopped: false, error: message, code } }
}
