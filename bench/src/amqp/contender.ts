import type { PlainFields } from '@hufu/wire/amqp091'
import { type Running, ServiceMissing } from '../../../tools/services/service.ts'
import { startService } from '../../../tools/services/start.ts'

export type ContenderName = 'hufu' | 'classic v1' | 'classic v2' | 'quorum'

/** A server and a kind of queue on it. */
export interface Contender {
  readonly name: ContenderName
  readonly queueArguments: PlainFields
  /** False: each message is stored, whatever its delivery mode. */
  readonly transient: boolean
  /** What a confirm of a persistent message says. */
  readonly confirmMeans: string
}

export const HUFU: Contender = {
  name: 'hufu',
  queueArguments: {},
  transient: true,
  confirmMeans: 'written to disk and synced (O_DSYNC)',
}

const CLASSIC_V1: Contender = {
  name: 'classic v1',
  queueArguments: { 'x-queue-version': 1 },
  transient: true,
  confirmMeans: 'written to disk and synced',
}

const OTHERS: readonly Contender[] = [
  {
    name: 'classic v2',
    queueArguments: { 'x-queue-version': 2 },
    transient: true,
    confirmMeans: 'written to a file, not synced: survives the process, not the power',
  },
  {
    name: 'quorum',
    queueArguments: { 'x-queue-type': 'quorum' },
    transient: false,
    confirmMeans: "written to the node's Raft log and synced",
  },
]

/** The kinds of queue of a RabbitMQ: from 4.0 on there is no version 1. */
export function contendersOf(rabbitmq: Running): readonly Contender[] {
  const hasV1 = Number.parseInt(rabbitmq.version, 10) < 4
  return hasV1 ? [CLASSIC_V1, ...OTHERS] : OTHERS
}

/** A RabbitMQ of its own; undefined, and said, where it is not to be had. */
export async function startRabbitmq(say: (text: string) => void): Promise<Running | undefined> {
  try {
    return await startService('rabbitmq')
  } catch (error) {
    if (!(error instanceof ServiceMissing)) throw error
    say(`RabbitMQ is not here: ${error.message}`)
    return undefined
  }
}
