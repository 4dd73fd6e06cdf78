import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Broker, BrokerError, createBroker, type QueueStats } from '@hufu/broker'
import type { Call, Report, Verb } from '../verb.ts'
import { UsageError } from '../verb.ts'

/** Shows what is in a broker's folder that no process has open. */
export const inspect: Verb = {
  name: 'inspect',
  args: ['DIR'],
  about: 'Shows the queues and the health of a broker folder that no process has open',
  options: {},
  run,
}

async function run({ args, say }: Call): Promise<Report> {
  const dir = args[0]!
  if (!existsSync(join(dir, 'manifest'))) {
    throw new UsageError(`Cannot inspect ${dir}: it is no broker folder (no file manifest)`)
  }
  const broker = await open(dir, say)
  try {
    return reportOf(dir, broker)
  } finally {
    await broker.close()
  }
}

async function open(dir: string, say: (line: string) => void): Promise<Broker> {
  try {
    return await createBroker({ dir, onWarning: say })
  } catch (error) {
    if (error instanceof BrokerError) throw new UsageError(`${error.message} (${error.code})`)
    throw error
  }
}

function reportOf(dir: string, broker: Broker): Report {
  const { cleanStop, messages, damaged, tailBytesCut, tailMayHoldConfirmed } = broker.report
  const { logBytes } = broker.stats()
  const queues = broker.queues()
  const found = { cleanStop, messages, damaged, tailBytesCut, tailMayHoldConfirmed, logBytes }
  const holds = damaged.length === 0
  const text = [
    `${dir}: ${messages} messages in ${queues.length} queues, ${mebibytes(logBytes)} MiB of log`,
    cleanStop ? 'It was closed in order.' : 'Its last owner was killed, or the machine stopped.',
    holds ? 'No damage was found in the log.' : `${damaged.length} places of the log are damaged.`,
    ...table(queues),
  ].join('\n')
  return { holds, text, json: { dir, ...found, queues } }
}

const COLUMNS = ['ready', 'unsettled', 'delayed', 'parked', 'bytes'] as const

function table(queues: readonly QueueStats[]): string[] {
  const width = Math.max(5, ...queues.map(({ name }) => name.length))
  const cell = (text: string | number) => String(text).padStart(12)
  const rows = queues.map((queue) => {
    return queue.name.padEnd(width) + COLUMNS.map((column) => cell(queue[column])).join('')
  })
  return ['', 'queue'.padEnd(width) + COLUMNS.map(cell).join(''), ...rows]
}

function mebibytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(0)
}
