import type { Moved, Progress } from '@hufu/broker/amqp'
import type { Call, Verb } from '../verb.ts'
import { UsageError } from '../verb.ts'
import { adminVerb, textOf, VHOST, VHOST_LINE, vhostOf } from './admin-verb.ts'
import { countOf } from './limit.ts'

const OPTIONS = {
  to: { type: 'string' },
  limit: { type: 'string' },
  rate: { type: 'string' },
} as const

const LINES = [
  '--limit          at most so many; default: as many as are ready when it begins',
  '--rate           messages a second at most, such as 200/s; default: as fast as it goes',
  VHOST_LINE,
  'Each message is taken out there and put in here at once: a crash loses and doubles none.',
  'SIGINT stops it in order and says how many were moved; call it again to go on.',
]

const move = adminVerb<Moved>({
  name: 'queues move',
  args: ['QUEUE'],
  about: 'Moves what is ready in a queue to another queue, or to an exchange',
  more: [
    'Example: hufu queues move orders --to orders-later --limit 1000 --rate 200/s',
    '--to             a queue: messages stay as they are',
    '--to-exchange    an exchange instead: they are routed by it',
    '--routing-key    with which key; default: their own',
    ...LINES,
  ],
  options: {
    ...OPTIONS,
    'to-exchange': { type: 'string' },
    'routing-key': { type: 'string' },
    ...VHOST,
  },
  operation: 'queues.move',
  input: (call) => {
    const [toQueue, toExchange] = [textOf(call, 'to'), textOf(call, 'to-exchange')]
    if ((toQueue === undefined) === (toExchange === undefined)) {
      throw new UsageError("Cannot run 'hufu queues move': it takes --to or --to-exchange")
    }
    const target = { toQueue, toExchange, routingKey: textOf(call, 'routing-key') }
    return { ...inputOf(call), ...target }
  },
  ...{ show, progress, holds },
})

const redrive = adminVerb<Moved>({
  name: 'queues redrive',
  args: ['QUEUE'],
  about: 'Moves dead letters back to the queues where they died, as x-death says',
  more: [
    'Example: hufu queues redrive orders.dead --rate 50/s',
    '--to             a queue for all of them, wherever they died',
    ...LINES,
    'Where its queue is gone a message goes to its old exchange; without a place it stays.',
  ],
  options: { ...OPTIONS, ...VHOST },
  operation: 'queues.redrive',
  input: (call) => ({ ...inputOf(call), toQueue: textOf(call, 'to') }),
  ...{ show, progress, holds },
})

function inputOf(call: Call): object {
  const [queue] = call.args
  return { vhost: vhostOf(call), queue, limit: countOf(call, 'limit'), rate: rateOf(call) }
}

function rateOf(call: Call): number | undefined {
  const text = textOf(call, 'rate')
  if (text === undefined) return undefined
  const digits = /^([1-9]\d{0,8})(?:\/s)?$/.exec(text)?.[1]
  if (digits !== undefined) return Number(digits)
  throw new UsageError(`Cannot use --rate '${text}': it is not N/s with N from 1`)
}

function progress(of: object): string {
  const { moved, left, of: total } = of as Progress
  return `${moved} of ${total} moved${left > 0 ? `, ${left} stay` : ''}`
}

function show(result: Moved): string {
  const why = result.why === undefined ? '' : `; ${result.why}`
  const stopped = result.stopped ? ', stopped' : ''
  return `${progress(result)}${stopped}${why}`
}

/** All that were to be moved were. */
function holds({ left, stopped }: Moved): boolean {
  return left === 0 && !stopped
}

export const MOVES: readonly Verb[] = [move, redrive]
