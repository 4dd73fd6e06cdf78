import { accessSync, constants, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type Broker, BrokerError, createBroker, type RecoveryReport } from '@hufu/broker'
import { nodeOs } from '@hufu/os'
import type { Call, Report } from '../verb.ts'
import { UsageError } from '../verb.ts'
import { OverlayDisk } from './overlay-disk.ts'
import { damageOf, textOf } from './text.ts'

/** The verb `inspect`. */
export async function run({ args, say }: Call): Promise<Report> {
  const dir = args[0]!
  demandFolder(dir)
  const disk = new OverlayDisk(nodeOs.disk)
  try {
    const broker = await createBroker({
      dir: resolve(dir),
      os: { ...nodeOs, disk },
      onWarning: say,
    })
    try {
      return reportOf(dir, broker)
    } finally {
      await broker.close()
    }
  } catch (error) {
    return refusal(dir, error)
  } finally {
    await disk.close()
  }
}

/** Of a folder that cannot be opened: its damage is a finding, all else is not for this verb. */
function refusal(dir: string, error: unknown): Report {
  if (!(error instanceof BrokerError)) throw error
  const { code, message } = error
  if (code !== 'LOG_DAMAGED') throw new UsageError(`${message} (${code})`, { cause: error })
  return { holds: false, text: damageOf(message), json: { dir, error: message, code } }
}

function demandFolder(dir: string): void {
  const path = join(dir, 'manifest')
  try {
    statSync(path)
    accessSync(path, constants.R_OK)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const none = code === 'ENOENT' || code === 'ENOTDIR'
    const text = none ? 'it is no broker folder (no file manifest)' : message
    throw new UsageError(`Cannot inspect ${dir}: ${text}`, { cause: error })
  }
}

function reportOf(dir: string, broker: Broker): Report {
  const { cleanStop, messages, damaged, tailBytesCut, tailMayHoldConfirmed } = broker.report
  const { logBytes } = broker.stats()
  const queues = broker.queues()
  const found = { cleanStop, messages, damaged, tailBytesCut, tailMayHoldConfirmed, logBytes }
  const text = textOf(dir, broker.report, logBytes, queues)
  return { holds: isWhole(broker.report), text, json: { dir, ...found, queues } }
}

function isWhole({ damaged, tailMayHoldConfirmed }: RecoveryReport): boolean {
  return damaged.length === 0 && !tailMayHoldConfirmed
}
