import { tmpdir } from 'node:os'
import { numberFlag, readFlags, UsageError } from '../flags.ts'
import { CASES } from './cases.ts'

const OTHER_GROUPS = ['start', 'memory'] as const
const GROUPS: readonly string[] = [...new Set(CASES.map(({ group }) => group)), ...OTHER_GROUPS]

export interface AmqpOptions {
  /** What is measured, of `GROUPS`. */
  readonly groups: readonly string[]
  /** Only cases whose names hold this text. */
  readonly only: string
  readonly rabbitmq: boolean
  /** Of one round of one server. */
  readonly seconds: number
  readonly rounds: number
  /** Waiting, in the case `memory`. */
  readonly messages: number
  readonly dir: string
  /** A processor profile of `hufu serve` under each case goes there. */
  readonly profiles: string | undefined
}

export function amqpOptions(args: readonly string[]): AmqpOptions {
  const flags = readFlags(args, [
    ...(['case', 'only', 'peer', 'seconds', 'rounds', 'messages', 'dir', 'profiles'] as const),
  ])
  const { peer = 'rabbitmq' } = flags
  if (peer !== 'rabbitmq' && peer !== 'none') {
    throw new UsageError(`--peer ${peer}: rabbitmq or none is wanted`)
  }
  return {
    groups: flags.case === undefined ? GROUPS : [groupOf(flags.case)],
    only: flags.only ?? '',
    rabbitmq: peer === 'rabbitmq',
    seconds: numberFlag(flags.seconds, 'seconds', 2, 0.2, 600),
    rounds: numberFlag(flags.rounds, 'rounds', 3, 1, 100),
    messages: numberFlag(flags.messages, 'messages', 1_000_000, 1_000, 1e8),
    dir: flags.dir ?? tmpdir(),
    profiles: flags.profiles,
  }
}

function groupOf(text: string): string {
  if (GROUPS.includes(text)) return text
  throw new UsageError(`--case ${text}: one of ${GROUPS.join(', ')} is wanted`)
}
