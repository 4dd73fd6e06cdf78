import { resolve } from 'node:path'
import { type DiskLock, isDiskError, nodeOs, type Os } from '@hufu/os'
import type { Broker, RecoveryReport } from '../api.ts'
import { BrokerError } from '../errors.ts'
import { LIMITS, type Limits } from '../limits.ts'
import { CommitLog } from '../log/commit-log.ts'
import { LogReader } from '../log/reader.ts'
import { openLog, type RecoveredLog } from '../log/recover.ts'
import type { BrokerOptions } from '../options.ts'
import { EmbeddedBroker } from './broker.ts'
import { decodeBlock } from './checkpoint.ts'
import type { Engine } from './engine.ts'
import { syncNames } from './folder.ts'
import { liveCounter, Retainer } from './retain.ts'
import { State } from './state.ts'

/**
 * Opens the folder, recovers what is in it and returns a working broker.
 * @throws BrokerError `FOLDER_LOCKED` `FOLDER_UNUSABLE` `FORMAT_UNKNOWN` `LOG_DAMAGED` `ARGUMENT`
 */
export async function createBroker(options: BrokerOptions): Promise<Broker> {
  const os = options.os ?? nodeOs
  const limits = checkedLimits(options.limits ?? {})
  const lock = await takeFolder(os, options.dir)
  try {
    return await openBroker(os, limits, lock, options)
  } catch (error) {
    lock.release()
    throw asBrokerError(error, options.dir)
  }
}

async function openBroker(
  os: Os,
  limits: Limits,
  lock: DiskLock,
  options: BrokerOptions,
): Promise<Broker> {
  const { dir } = options
  const warn = options.onWarning ?? ((text: string) => console.error(`hufu broker ${dir}: ${text}`))
  const state = new State(limits)
  const recovered = await openLog(os, dir, limits, {
    opened: (segmentAt) => {
      state.live = liveCounter(segmentAt)
    },
    checkpoint: (block) => decodeBlock(state, block),
    entry: (entry) => state.apply(entry),
  })
  const time = brokerTime(os, recovered.lastTime)
  const log = makeLog(os, limits, recovered, time, options)
  const reader = new LogReader(log, recovered.log, () => log.end)
  const counters = { published: 0, delivered: 0, settled: 0 }
  const engine: Engine = {
    os,
    dir,
    limits,
    log,
    reader,
    state,
    counters,
    time,
    warn,
    closed: false,
    work: new Set(),
  }
  const retainer = new Retainer(engine, recovered.checkpoints)
  const setBack = Math.ceil(os.clock.now()) < recovered.lastTime
  beginLife(state, recovered, setBack ? Number.POSITIVE_INFINITY : time())
  const report = reportOf(recovered, state)
  warnOf(report, warn)
  log.segments.prepareSoon()
  const release = async (inOrder: boolean) => {
    await log.segments.close()
    if (inOrder)
      await recovered.noteStop(log.end).catch((error) => warn(`Noting the stop: ${error}`))
    lock.release()
  }
  return new EmbeddedBroker(engine, retainer, report, release, options.deadLetter)
}

async function takeFolder(os: Os, dir: string): Promise<DiskLock> {
  try {
    await os.disk.makeDir(dir)
    await syncNames(os.disk, resolve(dir))
    return await os.disk.lock(`${dir}/lock`)
  } catch (error) {
    throw asBrokerError(error, dir)
  }
}

function asBrokerError(error: unknown, dir: string): unknown {
  if (!isDiskError(error) || error instanceof BrokerError) return error
  const code = error.code === 'LOCKED' ? 'FOLDER_LOCKED' : 'FOLDER_UNUSABLE'
  return new BrokerError(code, `Cannot open broker folder ${dir}: ${error.message}`, error)
}

function checkedLimits(given: Partial<Limits>): Limits {
  const limits = { ...LIMITS, ...given }
  for (const [name, value] of Object.entries(limits)) {
    if (Number.isSafeInteger(value) && value > 0) continue
    throw new BrokerError('ARGUMENT', `Cannot open a broker: limit ${name} is ${String(value)}`)
  }
  return limits
}

/** Wall-clock time at start, never before what the log knows; then monotonic. */
function brokerTime(os: Os, lastTime: number): () => number {
  const start = Math.max(os.clock.now(), lastTime)
  const startMono = os.clock.mono()
  return () => start + (os.clock.mono() - startMono)
}

function makeLog(
  os: Os,
  limits: Limits,
  recovered: RecoveredLog,
  time: () => number,
  options: BrokerOptions,
): CommitLog {
  const { segments, incarnations, log, end } = recovered
  const onFail = options.onFatal ?? ((error: BrokerError) => os.crash(error))
  const wholeTime = () => Math.ceil(time())
  const parts = { os, segments, incarnations, log, end, cacheBytes: limits.cacheBytes }
  const commitLog = new CommitLog({ ...parts, time: wholeTime, onFail })
  segments.onError = (error) => commitLog.fail(error)
  return commitLog
}

/**
 * From here on entries are of this life; what may have been in delivery before counts as attempted.
 * `latest` is the latest time at which that can have been; of a clock that was set back it is not
 * known.
 */
function beginLife(state: State, recovered: RecoveredLog, latest: number): void {
  state.batches.dropUnprepared()
  state.present = true
  state.firstIdOfLife = state.nextId
  state.touched.clear()
  for (const queue of state.queues.values()) {
    queue.suspectUpTo = lastSuspect(queue.reach, state.nextId - 1, recovered)
    for (const row of queue.rows.values()) {
      // What is not due yet cannot have been delivered since it was put off.
      row.exact = row.state === 'delayed' && row.dueAt > latest
      if (row.state === 'ready' && queue.isSuspect(row)) row.redelivered = true
    }
  }
}

/** Up to which id a message may have been delivered without the log saying so. */
function lastSuspect(reach: number, lastId: number, recovered: RecoveredLog): number {
  // What is damaged may have been a settle or a reach, so that even a clean stop says nothing.
  if (recovered.damaged.length > 0) return lastId
  return recovered.cleanStop ? 0 : Math.min(reach, lastId)
}

function reportOf(recovered: RecoveredLog, state: State): RecoveryReport {
  const { cleanStop, incarnation, damaged, tailBytesCut } = recovered
  let messages = 0
  for (const queue of state.queues.values()) messages += queue.length
  const tailMayHoldConfirmed = !cleanStop && tailBytesCut > 0
  return { cleanStop, incarnation, messages, damaged, tailBytesCut, tailMayHoldConfirmed }
}

function warnOf(report: RecoveryReport, warn: (text: string) => void): void {
  for (const { segment, position, bytes } of report.damaged) {
    warn(`${bytes} bytes of segment ${segment} at position ${position} are damaged and left out`)
  }
}
