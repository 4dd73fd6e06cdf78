import type { QueueStats, RecoveryReport } from '@hufu/broker'

const COLUMNS = ['ready', 'unsettled', 'delayed', 'parked', 'bytes'] as const

/** What was found in a folder, for a person. */
export function textOf(
  dir: string,
  report: RecoveryReport,
  logBytes: number,
  queues: readonly QueueStats[],
): string {
  const held = `${counted(report.messages, 'message')} in ${counted(queues.length, 'queue')}`
  return [
    `${dir}: ${held}, ${mebibytes(logBytes)} MiB of log`,
    report.cleanStop
      ? 'It was closed in order.'
      : 'Its last owner was killed, or the machine stopped.',
    damageText(report),
    ...tailText(report),
    ...table(queues),
  ].join('\n')
}

/** Of a folder that cannot be opened because it is damaged. */
export function damageOf(message: string): string {
  return `${message} (LOG_DAMAGED)\nThe folder is damaged and cannot be opened: restore a backup.`
}

function damageText({ damaged }: RecoveryReport): string {
  if (damaged.length === 0) return 'No damage was found in the log.'
  const [verb, what] = damaged.length === 1 ? ['is', 'it'] : ['are', 'them']
  const places = counted(damaged.length, 'place')
  return `${places} of the log ${verb} damaged; what stood in ${what} is lost.`
}

function tailText({ tailBytesCut, tailMayHoldConfirmed }: RecoveryReport): string[] {
  if (tailBytesCut === 0) return []
  const cut = `The last ${counted(tailBytesCut, 'byte')} of the log cannot be read and will be cut`
  if (!tailMayHoldConfirmed) return [`${cut}.`]
  const doubt = 'As a rule they were never confirmed; but a disk that damaged them looks the same,'
  return [`${cut}.`, `${doubt}`, 'so confirmed messages may be missing.']
}

function table(queues: readonly QueueStats[]): string[] {
  const width = Math.max(5, ...queues.map(({ name }) => name.length))
  const cell = (text: string | number) => String(text).padStart(12)
  const rows = queues.map((queue) => {
    return queue.name.padEnd(width) + COLUMNS.map((column) => cell(queue[column])).join('')
  })
  return ['', 'queue'.padEnd(width) + COLUMNS.map(cell).join(''), ...rows]
}

function counted(count: number, one: string): string {
  return `${count} ${count === 1 ? one : `${one}s`}`
}

function mebibytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(0)
}
